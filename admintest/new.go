package admintest

import (
	"fmt"
	"slices"
	"sync"
)

// New starts a server without a test, for TestMain and for programs. Close stops it.
// Tests that share the server use [Server.Fork] to get an organization each, or
// [Server.In]:
//
//	var shared *admintest.Server
//
//	func TestMain(m *testing.M) {
//		var err error
//		if shared, err = admintest.New(); err != nil {
//			log.Fatal(err)
//		}
//		defer shared.Close()
//		m.Run()
//	}
//
//	func TestInvite(t *testing.T) {
//		srv := shared.Fork(t)
//		…
//	}
//
// Without a test to end, a method that fails panics. Ids are the same in every run
// unless [IDSeed] or [RunningClock] changes that.
func New(opts ...Option) (*Server, error) {
	o, err := parseOptions(opts)
	if err != nil {
		return nil, fmt.Errorf("admintest: New: %w", err)
	}
	p := &program{}
	s, err := run(p, o)
	if err != nil {
		p.end()
		return nil, fmt.Errorf("admintest: New: %w", err)
	}
	return s, nil
}

// Close stops a server that was started by New and deletes the organizations that it
// has. Later requests fail. It may be called more than once. A server of a test stops
// when the test ends; for it, Close fails.
func (s *Server) Close() {
	p, ok := s.t.(*program)
	if !ok {
		s.t.Helper()
		s.t.Fatalf("admintest: Close: the server stops when the test ends (Close is for servers started by New)")
		return
	}
	p.end()
}

// program is the TB of a server without a test.
type program struct {
	mu       sync.Mutex
	cleanups []func()
}

func (*program) Name() string                     { return "admintest.New" }
func (*program) Helper()                          {}
func (*program) Log(...any)                       {}
func (*program) Failed() bool                     { return false }
func (*program) Errorf(format string, a ...any)   { panic(fmt.Sprintf(format, a...)) }
func (p *program) Fatalf(format string, a ...any) { p.Errorf(format, a...) }

func (p *program) Cleanup(do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cleanups = append(p.cleanups, do)
}

// end runs the cleanups, the latest first.
func (p *program) end() {
	p.mu.Lock()
	cleanups := p.cleanups
	p.cleanups = nil
	p.mu.Unlock()
	for _, do := range slices.Backward(cleanups) {
		do()
	}
}
