package admintest_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// test is a test that may fail without failing the one that looks at it.
type test struct {
	*testing.T
	name     string
	said     strings.Builder
	failed   bool
	cleanups []func()
}

func (f *test) Name() string {
	if f.name != "" {
		return f.name
	}
	return f.T.Name()
}

func (f *test) Log(args ...any) { fmt.Fprintln(&f.said, args...) }

func (f *test) Errorf(format string, args ...any) {
	f.failed = true
	fmt.Fprintf(&f.said, format+"\n", args...)
}

func (f *test) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

func (f *test) Failed() bool { return f.failed }

func (f *test) Cleanup(do func()) { f.cleanups = append(f.cleanups, do) }

// run runs a test to its end, and returns what it said.
func (f *test) run(body func(*test)) string {
	ended := make(chan bool)
	go func() {
		defer close(ended)
		defer func() {
			for i := len(f.cleanups) - 1; i >= 0; i-- {
				f.cleanups[i]()
			}
		}()
		body(f)
	}()
	<-ended
	return f.said.String()
}

// failing runs a test that has to fail, saying all of some words.
func failing(t *testing.T, what string, body func(*test), words ...string) string {
	t.Helper()
	f := &test{T: t, name: "TestOf/" + what}
	said := f.run(body)
	if !f.failed {
		t.Errorf("%s: the test does not fail", what)
	}
	for _, word := range words {
		if !strings.Contains(said, word) {
			t.Errorf("%s: no %q in what it says:\n%s", what, word, said)
		}
	}
	return said
}
