package store

import (
	"reflect"
	"testing"
)

// If copy left out a table, a write would change earlier versions too, and those of
// other organizations.
func TestCopyCopiesEveryTable(t *testing.T) {
	original := newTables()
	copied := original.copy()
	a, b := reflect.ValueOf(original), reflect.ValueOf(copied)
	for i := range a.NumField() {
		name, was, is := a.Type().Field(i).Name, a.Field(i), b.Field(i)
		if was.Kind() == reflect.Struct {
			was, is = was.FieldByName("rows"), is.FieldByName("rows")
		}
		if was.Kind() == reflect.Pointer && was.Pointer() == is.Pointer() {
			t.Errorf("copy shares %s", name)
		}
		if was.Kind() == reflect.Pointer && was.IsNil() {
			t.Errorf("newTables does not create %s", name)
		}
	}
}
