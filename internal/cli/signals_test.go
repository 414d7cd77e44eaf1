//go:build unix

package cli

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// wantSaved checks that a program ends with exit code 0 and that its state file has
// some texts.
func (p *program) wantSaved(t *testing.T, texts ...string) {
	t.Helper()
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("ends with %v: %v", err, p.stderr)
	}
	state, err := os.ReadFile("state.json")
	for _, text := range texts {
		if err != nil || !strings.Contains(string(state), text) {
			t.Errorf("%s is not in the state file %s, %v", text, state, err)
		}
	}
}

func startKeeping(t *testing.T) *program {
	t.Helper()
	return startProgram(t, os.Args[0], programEnv(), "--addr", ":0", "--seed", "empty", "--state-file", "state.json")
}

func TestSignals(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Chdir(t.TempDir())
			p := startKeeping(t)
			request := startRequest(t, p.url)
			p.signal(t, signal)
			// Signals of the same second are the same request: Ctrl-C often comes twice.
			for range 5 {
				p.signal(t, signal)
				p.signal(t, syscall.SIGTERM)
			}
			waitUntilRefused(t, p.url)
			if status := request.finish(); status != http.StatusOK {
				t.Errorf("the status of the running request is %d", status)
			}
			p.wantSaved(t, `"name":"New"`, `"stopped":true`)
		})
	}
}

// Two signals with nothing in between must not end the process before its last save.
func TestTwoSignalsAtOnce(t *testing.T) {
	for _, pause := range []time.Duration{0, 200 * time.Microsecond, time.Millisecond, 5 * time.Millisecond} {
		t.Run(pause.String(), func(t *testing.T) {
			t.Chdir(t.TempDir())
			p := startKeeping(t)
			(&testServer{t: t, url: p.url}).request("POST", "/v1/organizations/workspaces", defaultAdminKey, `{"name": "Last"}`)
			p.signal(t, syscall.SIGTERM)
			time.Sleep(pause)
			_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
			p.wantSaved(t, `"name":"Last"`)
		})
	}
}

// A second signal ends a server that waits for a running request, after a last save.
func TestSecondSignal(t *testing.T) {
	t.Chdir(t.TempDir())
	p := startKeeping(t)
	s := &testServer{t: t, url: p.url}
	s.request("POST", "/v1/organizations/workspaces", defaultAdminKey, `{"name": "Last"}`)
	s.request("POST", "/_emulate/faults", defaultAdminKey, `{"match": {"method": "GET"}, "action": {"type": "delay", "duration": "60s"}}`)
	delayed := make(chan struct{})
	go func() {
		defer close(delayed)
		r, _ := http.NewRequest("GET", p.url+"/v1/organizations/me", nil)
		r.Header.Set("x-api-key", defaultAdminKey)
		r.Header.Set("anthropic-version", "2023-06-01")
		if resp, err := client.Do(r); err == nil {
			resp.Body.Close()
		}
	}()
	startRequest(t, p.url)
	p.signal(t, syscall.SIGTERM)
	waitUntilRefused(t, p.url)
	time.Sleep(sameRequest)
	started := time.Now()
	p.signal(t, syscall.SIGHUP)
	// The requests that were cut off may have drawn ids after the last save.
	p.wantSaved(t, `"name":"Last"`, `"stopped":false`)
	if took := time.Since(started); took > drainTime/2 {
		t.Errorf("ends after %s", took)
	}
	if !strings.Contains(p.stderr.String(), "closed connections with running requests") {
		t.Errorf("the log is\n%s", p.stderr)
	}
	<-delayed
}

// nohup ignores SIGHUP, and the server must not undo that.
func TestIgnoredHangup(t *testing.T) {
	t.Chdir(t.TempDir())
	p := startProgram(t, "/bin/sh", programEnv(), "-c", `trap "" HUP; exec "$0" "$@"`, os.Args[0], "--addr", ":0", "--state-file", "state.json")
	for range 3 {
		p.signal(t, syscall.SIGHUP)
		time.Sleep(20 * time.Millisecond)
		(&testServer{t: t, url: p.url}).request("GET", "/v1/organizations/me", defaultAdminKey, "")
	}
	p.signal(t, syscall.SIGTERM)
	p.wantSaved(t, `"stopped":true`)
}

// A log whose reader is there but does not read blocks the requests that write to it. It
// must not block the end.
func TestUnreadLog(t *testing.T) {
	t.Chdir(t.TempDir())
	stderr, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	p := &program{cmd: exec.Command(os.Args[0], "--addr", ":0", "--log-level", "debug", "--state-file", "state.json")}
	p.cmd.Env, p.cmd.Stderr = programEnv(), w
	p.start(t)
	w.Close()
	(&testServer{t: t, url: p.url}).request("POST", "/v1/organizations/workspaces", defaultAdminKey, `{"name": "Last"}`)
	impatient := &http.Client{Timeout: time.Second}
	defer impatient.CloseIdleConnections()
	full := false
	for range 5000 { // a pipe holds 64 KiB
		resp, err := impatient.Get(p.url + "/v1/organizations/me")
		if full = err != nil; full {
			break
		}
		resp.Body.Close()
	}
	if !full {
		t.Fatal("the log does not fill the pipe")
	}
	p.signal(t, syscall.SIGTERM)
	time.Sleep(sameRequest + 100*time.Millisecond)
	p.signal(t, syscall.SIGTERM)
	p.wantSaved(t, `"name":"Last"`)
}

// A closed standard output or error never ends the server: its reader, such as tee,
// often ends first.
func TestClosedOutput(t *testing.T) {
	t.Chdir(t.TempDir())
	stderr, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{cmd: exec.Command(os.Args[0], "--addr", ":0", "--log-level", "debug", "--state-file", "state.json", "--unknown-keys", "fork")}
	p.cmd.Env, p.cmd.Stderr = programEnv(), w
	p.start(t)
	w.Close()
	stderr.Close()
	s := &testServer{t: t, url: p.url}
	for range 3 { // each writes to the log
		s.request("GET", "/v1/organizations/me", defaultAdminKey, "")
	}
	s.request("POST", "/v1/organizations/workspaces", defaultAdminKey, `{"name": "Last"}`)
	p.signal(t, syscall.SIGINT)
	p.wantSaved(t, `"name":"Last"`)
}

// Nor does an output that was closed before the start line.
func TestNoOutput(t *testing.T) {
	t.Chdir(t.TempDir())
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	closed, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	p := &program{cmd: exec.Command(os.Args[0], "--addr", address, "--state-file", "state.json")}
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = programEnv(), w, w
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.cmd.Process.Kill() })
	w.Close()
	if code, _, stderr := execute(t, "", "wait", "--url", "http://"+address); code != exitFine {
		t.Fatalf("wait: %d %s", code, stderr)
	}
	p.signal(t, syscall.SIGTERM)
	p.wantSaved(t, `"stopped":true`)
}

// A command whose reader is gone ends quietly: by SIGPIPE or, where that is ignored, with
// an exit code.
func TestReaderOfACommandIsGone(t *testing.T) {
	s := startServer(t, "")
	for name, script := range map[string]string{"signal": `exec "$0" "$@"`, "ignored": `trap "" PIPE; exec "$0" "$@"`} {
		t.Run(name, func(t *testing.T) {
			follow := exec.Command("/bin/sh", "-c", script, os.Args[0], "requests", "--follow", "--url", s.url)
			var stderr buffer
			follow.Env, follow.Stderr = programEnv(), &stderr
			stdout, err := follow.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := follow.Start(); err != nil {
				t.Fatal(err)
			}
			defer follow.Process.Kill()
			ended := make(chan error, 1)
			for range 1000 { // until it follows
				if strings.Contains(stderr.String(), "waiting for requests") {
					break
				}
				time.Sleep(5 * time.Millisecond)
			}
			s.request("GET", "/v1/organizations/me", defaultAdminKey, "")
			if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
				t.Fatal(err)
			}
			stdout.Close()
			go func() { ended <- follow.Wait() }()
			for range 100 {
				s.request("GET", "/v1/organizations/me", defaultAdminKey, "")
				select {
				case err := <-ended:
					exit, ok := errors.AsType[*exec.ExitError](err)
					if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGPIPE && exit.ExitCode() != exitFailed {
						t.Errorf("ends with %v", err)
					}
					if strings.Count(stderr.String(), "\n") != 1 {
						t.Errorf("prints %s", &stderr)
					}
					return
				case <-time.After(50 * time.Millisecond):
				}
			}
			t.Error("does not end")
		})
	}
}
