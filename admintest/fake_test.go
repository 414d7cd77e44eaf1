package admintest_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// fakeTB is a test that can fail without failing the test that runs it.
type fakeTB struct {
	*testing.T
	name     string
	output   strings.Builder
	failed   bool
	cleanups []func()
}

func (f *fakeTB) Name() string {
	if f.name != "" {
		return f.name
	}
	return f.T.Name()
}

func (f *fakeTB) Log(args ...any) { fmt.Fprintln(&f.output, args...) }

func (f *fakeTB) Errorf(format string, args ...any) {
	f.failed = true
	fmt.Fprintf(&f.output, format+"\n", args...)
}

func (f *fakeTB) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

func (f *fakeTB) Failed() bool { return f.failed }

func (f *fakeTB) Cleanup(do func()) { f.cleanups = append(f.cleanups, do) }

// run runs body as a test, with its cleanups, and returns what it logged.
func (f *fakeTB) run(body func(*fakeTB)) string {
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
	return f.output.String()
}

// mustFail runs a test that must fail with output that contains every one of want.
// It returns the output.
func mustFail(t *testing.T, name string, body func(*fakeTB), want ...string) string {
	t.Helper()
	f := &fakeTB{T: t, name: "TestOf/" + name}
	output := f.run(body)
	if !f.failed {
		t.Errorf("%s: the test did not fail", name)
	}
	for _, s := range want {
		if !strings.Contains(output, s) {
			t.Errorf("%s: no %q in the output:\n%s", name, s, output)
		}
	}
	return output
}
