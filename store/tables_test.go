package store

import (
	"reflect"
	"testing"
)

// A table that copy forgets is written through: the versions before the write,
// and those of other organizations, would change.
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
			t.Errorf("newTables doesn't make %s", name)
		}
	}
}
