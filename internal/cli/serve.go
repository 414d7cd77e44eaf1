package cli

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"antechamber/handlers"
	"antechamber/handlers/control"
	"antechamber/internal/duration"
	"antechamber/internal/limits"
	"antechamber/internal/lists"
	"antechamber/internal/server"
	"antechamber/internal/statefile"
	"antechamber/internal/text"
	"antechamber/seed"
	"antechamber/store"
)

// defaultAdminKey is the admin key of the first organization if neither the seed
// nor --admin-key sets one.
const defaultAdminKey = seed.DefaultAdminKey

// badAdminKey refuses the value of --admin-key without repeating it.
func badAdminKey() error {
	return badFlag("admin-key", errors.New(text.Invalid("--admin-key", "", store.AdminKeyForm+", such as "+defaultAdminKey)), "")
}

type serveCmd struct {
	Addr         address       `default:"127.0.0.1:4020" placeholder:"HOST:PORT" help:"Address to listen on. Port 0 picks a free port. A port alone listens on 127.0.0.1, or on all interfaces with --expose; localhost listens on 127.0.0.1 and ::1. Default: ${default}."`
	Expose       bool          `help:"Allow an address that other machines can reach. Required for any address other than loopback."`
	Seed         string        `default:"demo" placeholder:"FILE" help:"Initial organizations: a JSON file, - for standard input, or a built-in seed (demo, contract or empty). Use ./demo for a file with that name. Default: ${default}."`
	AdminKey     *string       `placeholder:"KEY" help:"Additional admin key for the first organization. If neither the seed nor this flag sets one, the key is ${admin_key}."`
	StateFile    statePath     `name:"state-file" placeholder:"FILE" help:"Keep all organizations in this file across restarts. Once it exists, it overrides --seed, --admin-key, --id-seed and --clock."`
	UnknownKeys  unknownKeys   `default:"refuse" placeholder:"refuse|fork" help:"How to handle unknown admin keys: refuse them, or give each its own fork of the seed's first organization. Default: ${default}."`
	ForkTTL      forkTTL       `name:"fork-ttl" default:"1h" placeholder:"DURATION|off" help:"How long a fork may be unused, in real time, before it is removed; off keeps it. A full server removes the longest unused fork in any case. Default: ${default}."`
	Clock        *instant      `placeholder:"TIME" help:"Freeze all clocks at this RFC 3339 time, overriding the seed."`
	IDSeed       *idSeed       `name:"id-seed" placeholder:"N" help:"Seed for ID generation, from 0 to ${max_id_seed}. The same seed and clock produce the same ids. Default: random, printed at startup."`
	Errors       errorForm     `default:"both" placeholder:"both|production" help:"Format of Admin API errors: production (its envelope only) or both (plus the fields of the published contract). Default: ${default}."`
	RateLimit    limits.Policy `name:"rate-limit" default:"off" placeholder:"off|production|N/min" help:"Rate limit of each organization: none, production's, or N requests per minute. Default: ${default}."`
	ControlToken controlToken  `name:"control-token" placeholder:"TOKEN" help:"Token that the control plane requires when exposed; none disables it. Default: a random one, printed at startup."`
	CORS         []origin      `name:"cors" placeholder:"ORIGIN" help:"Web origins that may call the Admin API, comma-separated; * allows any but null. Default: none."`
	AllowHost    []hostName    `name:"allow-host" placeholder:"NAME" help:"Host names, comma-separated, under which browsers may use the server, besides localhost and its addresses. Default: none."`
	JournalSize  journalSize   `name:"journal-size" default:"1000" placeholder:"N" help:"Number of requests in each organization's journal; 0 disables it. Default: ${default}."`
	Log          logFormat     `default:"text" placeholder:"text|json" help:"Format of the start line and the log. Default: ${default}."`
	LogLevel     logLevel      `default:"info" placeholder:"LEVEL" help:"Minimum log level: debug (every request), info, warn or error. Default: ${default}."`
}

func (serveCmd) Help() string {
	return `Prints one line to standard output when the server is ready: its URL, an admin key, the console and the settings. The log goes to standard error. SIGINT, SIGTERM and SIGHUP let running requests finish and save the state; another one, a second or more later, saves and ends the server at once.

Examples:

  antechamber serve
  antechamber --addr 127.0.0.1:0 --seed acme.json
  antechamber --clock 2026-01-01T00:00:00Z --id-seed 1
  antechamber --addr :4020 --expose --admin-key sk-ant-admin01-team`
}

// statePath is the path of a state file.
type statePath string

// UnmarshalText refuses an empty path: a server that keeps nothing would look as if it
// kept its state.
func (f *statePath) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return badValue(text, "a file")
	}
	*f = statePath(text)
	return nil
}

// unknownKeys is how to handle unknown admin keys.
type unknownKeys string

// UnmarshalText reads refuse or fork.
func (u *unknownKeys) UnmarshalText(text []byte) error { return parseChoice(u, text, "refuse", "fork") }

// forkTTL is how long a fork may be unused; 0 is forever.
type forkTTL time.Duration

// UnmarshalText reads a duration, or off.
func (f *forkTTL) UnmarshalText(text []byte) error {
	if string(text) == "off" {
		*f = 0
		return nil
	}
	d, err := duration.Parse(string(text))
	if err != nil || d <= 0 {
		return badValue(text, "a duration greater than 0s, such as 30m or 2d, or off")
	}
	*f = forkTTL(d)
	return nil
}

// errorForm is the format of the Admin API's errors.
type errorForm server.Errors

// UnmarshalText reads both or production.
func (e *errorForm) UnmarshalText(text []byte) error {
	return parseChoice(e, text, errorForm(server.ErrorsBoth), errorForm(server.ErrorsProduction))
}

// logFormat is the format of the log and of the start line.
type logFormat string

// UnmarshalText reads text or json.
func (f *logFormat) UnmarshalText(text []byte) error { return parseChoice(f, text, "text", "json") }

// logLevel is the name of a level of log/slog.
type logLevel string

// UnmarshalText reads a level, without the offsets that log/slog accepts.
func (l *logLevel) UnmarshalText(text []byte) error {
	return parseChoice(l, text, "debug", "info", "warn", "error")
}

// instant is a time on the command line.
type instant struct{ store.Clock }

// UnmarshalText reads an RFC 3339 time.
func (i *instant) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.RFC3339, string(text))
	// Year 9999 is left for the expiry of invites.
	if year := t.UTC().Year(); err != nil || year < 1970 || year > 9998 {
		return badValue(text, "an RFC 3339 time from 1970 to 9998, such as 2026-01-01T00:00:00Z")
	}
	i.Clock = store.FrozenAt(t)
	return nil
}

// idSeed is an id seed on the command line.
type idSeed uint64

const maxIDSeed = seed.MaxIDSeed

// UnmarshalText reads a number up to maxIDSeed.
func (s *idSeed) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil || n > maxIDSeed {
		return badValue(text, fmt.Sprintf("a whole number from 0 to %d", maxIDSeed))
	}
	*s = idSeed(n)
	return nil
}

// Run serves until ctx is done or a signal arrives.
func (c *serveCmd) Run(ctx context.Context, p *process, parsed *kong.Context) error {
	// Otherwise the runtime ends a process that writes to a closed pipe, such as a log
	// whose reader is gone.
	signal.Ignore(syscall.SIGPIPE)
	if c.StateFile == "" {
		return c.run(ctx, nil, p, parsed)
	}
	file, err := statefile.Open(string(c.StateFile))
	if err != nil {
		return c.badStateFile(err)
	}
	defer file.Close()
	return c.run(ctx, file, p, parsed)
}

// run serves with a locked state file, or without one.
func (c *serveCmd) run(ctx context.Context, file *statefile.Lock, p *process, parsed *kong.Context) (err error) {
	log := c.logger(p.stderr)
	for _, v := range unknownVariables(parsed.Model) {
		log.Warn("unknown environment variable"+v.suggestion(), "name", v.name)
	}
	s := store.New(p.now)
	var from *source
	serving := false
	if file != nil {
		defer func() {
			if !serving {
				file.Discard()
			}
		}()
		if from, err = c.restore(file, s, p, parsed, log); err != nil {
			return err
		}
	}
	if from == nil {
		if from, err = c.loadSeed(s, p); err != nil {
			return err
		}
	}
	listeners, err := c.listen(ctx)
	if err != nil {
		return err
	}
	stopSaving := func(bool) error { return nil }
	if file != nil {
		if stopSaving, err = c.startSaving(file, s, from, p, log); err != nil {
			closeAll(listeners)
			return err
		}
	}
	serving = true
	ending, end := context.WithCancel(context.Background())
	defer end()
	at := listeners[0].Addr().(*net.TCPAddr)
	token, exposed := "", !at.IP.IsLoopback()
	if exposed {
		token = c.token()
	}
	printed := token
	if c.ControlToken != "" {
		printed = "" // a secret of the user's
	}
	handler := handlers.New(handlers.Options{
		Store: s, Seed: c.seedOptions(), ForkUnknownKeys: c.UnknownKeys == "fork", ForkTTL: time.Duration(c.ForkTTL), Errors: server.Errors(c.Errors), RateLimit: c.RateLimit,
		JournalEntries: int(c.JournalSize), Origins: lists.Map(c.CORS, func(o origin) string { return string(o) }),
		AllowedHosts: lists.Map(c.AllowHost, func(h hostName) string { return string(h) }), Exposed: exposed, Token: token,
		Version: p.build.Version, Log: log, Ending: ending,
	})
	go removeEnded(ending, s)
	// Signals are handled only from here on, so that Ctrl-C ends a server that
	// is still reading its seed from standard input.
	stop, now, release := stopSignals(ctx, p.ends)
	defer release()
	c.announce(p, start{
		seed: from.shown, stateFile: string(c.StateFile), organizations: len(s.Organizations()), idSeed: *c.IDSeed,
		adminKey: s.First().AdminKeys()[0], clock: s.First().Clock(), token: printed, rateLimit: c.RateLimit,
	}, at)
	drained, err := serve(stop, now, listeners, handler, end, log)
	return errors.Join(err, stopSaving(drained))
}

// removeEnded removes expired organizations until ctx is done, even when no
// requests arrive.
func removeEnded(ctx context.Context, s *store.Store) {
	for tick := time.Tick(time.Second); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick:
			s.RemoveExpired()
		}
	}
}

// source is where the organizations of a server come from.
type source struct {
	shown string         // name of the seed in the start line; empty for a state file
	seed  statefile.Seed // for resets and forks
}

// loadSeed fills the store with the organizations of the seed.
func (c *serveCmd) loadSeed(s *store.Store, p *process) (*source, error) {
	if c.IDSeed == nil {
		c.IDSeed = randomIDSeed()
	}
	from, loaded, organizations, err := c.readSeed(p)
	if err != nil {
		return nil, err
	}
	if err := loaded.AddTo(s, organizations, c.seedOptions()); err != nil {
		return nil, badFlag("seed", fmt.Errorf("cannot load seed %s: %w", from.Name, err), "")
	}
	return &source{from.Name, from}, nil
}

// origin is a web origin on the command line, or * for any.
type origin string

// UnmarshalText reads scheme://host or scheme://host:port, and writes it as browsers
// do.
func (o *origin) UnmarshalText(text []byte) error {
	s := string(text)
	if s == "*" || s == "null" {
		*o = origin(s)
		return nil
	}
	const want = "an origin, such as http://localhost:3000, or *"
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Scheme == "" || u.Hostname() == "":
		return badValue(text, want)
	case strings.Contains(u.Host, "*"):
		return badValue(text, want+" alone for all origins")
	case !strings.EqualFold(u.Scheme+"://"+u.Host, s):
		return badValue(text, "only scheme, host and port: "+u.Scheme+"://"+u.Host)
	}
	host := strings.ToLower(u.Host)
	if u.Scheme == "http" {
		host = strings.TrimSuffix(host, ":80")
	} else if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	}
	*o = origin(u.Scheme + "://" + host)
	return nil
}

// hostName is a host name or an address on the command line.
type hostName string

var validHostName = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?$`)

// UnmarshalText reads a name without scheme and port. Names of containers may have
// underscores.
func (h *hostName) UnmarshalText(text []byte) error {
	s := strings.TrimSuffix(strings.ToLower(string(text)), ".")
	if ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")); err == nil {
		*h = hostName(ip.String())
		return nil
	}
	if !validHostName.MatchString(s) {
		return badValue(text, "a host name without scheme and port, such as emulator.test")
	}
	*h = hostName(s)
	return nil
}

// journalSize is the capacity of a journal, in requests.
type journalSize int

// UnmarshalText reads a number up to 100,000.
func (n *journalSize) UnmarshalText(text []byte) error {
	const maxSize = 100_000
	i, err := strconv.Atoi(string(text))
	if err != nil || i < 0 || i > maxSize {
		return badValue(text, fmt.Sprintf("a whole number from 0 to %d", maxSize))
	}
	*n = journalSize(i)
	return nil
}

// token returns the control token of an exposed server; empty for none.
func (c *serveCmd) token() string {
	switch c.ControlToken {
	case "none":
		return ""
	case "":
		return rand.Text()
	}
	return string(c.ControlToken)
}

// randomIDSeed returns a random id seed. With the control token, it is the only
// randomness of the program.
func randomIDSeed() *idSeed {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return new(idSeed(binary.NativeEndian.Uint64(b[:]) & maxIDSeed))
}

// readSeed returns the seed and its organizations.
func (c *serveCmd) readSeed(p *process) (from statefile.Seed, s *seed.Seed, organizations []store.Contents, err error) {
	from.Name = c.Seed
	opts := c.seedOptions().At(p.now())
	if s, from.Builtin = seed.Builtin(c.Seed); from.Builtin {
		if organizations, err = s.Load(opts); err != nil && c.Clock != nil { // faults would point into a file that users cannot see
			err = &failure{exitBadInput, &flagError{flags: []string{"seed", "clock"}, err: fmt.Errorf(
				"built-in seed %s cannot be used with --clock %s: its times would be before 1970 or ahead of the clock", from.Name, c.Clock.At)}}
		}
	} else {
		var data []byte
		if from.Name, data, err = readSeedFile(c.Seed, p.stdin); errors.Is(err, fs.ErrNotExist) {
			err = badFlag("seed", fmt.Errorf("no such seed %q", c.Seed), "use a file, - for standard input, "+text.OneOf(seed.BuiltinNames))
		}
		if err == nil {
			from.Text = string(data)
			s, organizations, err = seed.Read(from.Name, data, opts)
		}
	}
	if err != nil {
		if _, named := errors.AsType[*flagError](err); !named {
			err = &failure{exitBadInput, &flagError{flags: []string{"seed"}, err: err}}
		}
		return from, nil, nil, err
	}
	organizations[0].AdminKeys, err = c.adminKeys(from.Name, organizations)
	return from, s, organizations, err
}

// seedOptions returns the options for loading the seed.
func (c *serveCmd) seedOptions() seed.Options {
	opts := seed.Options{IDSeed: uint64(*c.IDSeed)}
	if c.Clock != nil {
		opts.Clock = &c.Clock.Clock
	}
	return opts
}

// adminKeys returns the admin keys of the first organization: that of --admin-key,
// then those of the seed, or the default key if there are none.
func (c *serveCmd) adminKeys(seedName string, organizations []store.Contents) ([]string, error) {
	keys, key := organizations[0].AdminKeys, defaultAdminKey
	switch {
	case c.AdminKey != nil:
		key = *c.AdminKey
	case len(keys) > 0:
		return keys, nil
	}
	if !store.ValidAdminKey(key) {
		return nil, badAdminKey()
	}
	for _, o := range organizations[1:] {
		switch {
		case !slices.Contains(o.AdminKeys, key):
		case c.AdminKey == nil:
			return nil, badFlag("seed", fmt.Errorf("duplicate admin key %s: organization %s in seed %s has the default key of the first organization", key, text.Quote(o.Name), seedName), "set another one with --admin-key")
		default:
			return nil, badFlag("admin-key", fmt.Errorf("duplicate --admin-key %s: organization %s in seed %s has it too", key, text.Quote(o.Name), seedName), "")
		}
	}
	keys = slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return k == key })
	return append([]string{key}, keys...), nil
}

func (c *serveCmd) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // logLevel allows only valid names
	opts := &slog.HandlerOptions{Level: level}
	if c.Log == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// start holds the fields of the start line.
type start struct {
	version       string
	url           string
	exposed       string // address that other machines can reach; empty for none
	adminKey      string // of the first organization
	token         string // random control token; empty for none
	rateLimit     limits.Policy
	seed          string // empty when restored from a state file
	stateFile     string // empty for none
	organizations int
	clock         store.Clock // of the first organization
	idSeed        idSeed
	took          time.Duration
}

// announce writes the start line.
func (c *serveCmd) announce(p *process, s start, at *net.TCPAddr) {
	if !at.IP.IsLoopback() {
		s.exposed = at.String()
	}
	s.version, s.url = p.build.Version, usableURL(*at)
	s.took = time.Since(p.started)
	if c.Log == "json" {
		slog.New(slog.NewJSONHandler(p.stdout, nil)).Info("ready", s.attributes()...)
		return
	}
	fmt.Fprintln(p.stdout, s)
}

// usableURL returns a URL for clients on this machine.
func usableURL(at net.TCPAddr) string {
	if at.IP.IsUnspecified() {
		at.IP = net.IPv4(127, 0, 0, 1)
	}
	return (&url.URL{Scheme: "http", Host: at.String()}).String()
}

// String returns the start line of --log text. Scripts parse it: its parts are
// separated by two spaces, and their order must not change.
func (s start) String() string {
	parts := []string{"antechamber " + s.version + " on " + s.url}
	if s.exposed != "" {
		parts = append(parts, "exposed on "+s.exposed)
	}
	parts = append(parts, "key "+s.adminKey, "console "+s.url+control.Base)
	if s.seed != "" {
		parts = append(parts, "seed "+s.seed)
	}
	if s.stateFile != "" {
		parts = append(parts, "state-file "+s.stateFile)
	}
	if s.organizations > 1 {
		parts = append(parts, fmt.Sprintf("organizations %d", s.organizations))
	}
	if s.token != "" {
		parts = append(parts, "control-token "+s.token)
	}
	if s.clock.Frozen {
		parts = append(parts, "clock frozen at "+s.clock.At.String())
	}
	switch {
	case s.rateLimit == limits.Off:
	case s.clock.Frozen:
		parts = append(parts, "rate-limit "+s.rateLimit.String()+" (moves with the clock only)")
	default:
		parts = append(parts, "rate-limit "+s.rateLimit.String())
	}
	parts = append(parts, fmt.Sprintf("id-seed %d", s.idSeed), fmt.Sprintf("ready in %.1fms", s.took.Seconds()*1000))
	return strings.Join(parts, "  ")
}

// attributes returns the start line of --log json.
func (s start) attributes() []any {
	all := []any{"version", s.version, "url", s.url}
	if s.exposed != "" {
		all = append(all, "exposed", s.exposed)
	}
	all = append(all, "admin_key", s.adminKey, "console", s.url+control.Base)
	if s.seed != "" {
		all = append(all, "seed", s.seed)
	}
	if s.stateFile != "" {
		all = append(all, "state_file", s.stateFile)
	}
	all = append(all, "organizations", s.organizations)
	if s.token != "" {
		all = append(all, "control_token", s.token)
	}
	if s.rateLimit != limits.Off {
		all = append(all, "rate_limit", s.rateLimit.String())
	}
	if s.clock.Frozen {
		all = append(all, "frozen_at", s.clock.At.String())
	}
	return append(all, "id_seed", uint64(s.idSeed), "took_ms", s.took.Milliseconds())
}

// drainTime is how long running requests may take to finish. Docker kills a
// container ten seconds after asking it to stop.
const drainTime = 8 * time.Second

// maxHeader is the maximum size of a request line and headers together, in bytes.
const maxHeader = 64 << 10

// serve answers requests until stop is done, and then finishes running ones, for
// drainTime at most or until now is done. It calls end to end event streams, and
// reports whether all requests have finished.
func serve(stop, now context.Context, listeners []net.Listener, h http.Handler, end func(), log *slog.Logger) (drained bool, err error) {
	server := &http.Server{
		Handler: h, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: maxHeader - 4<<10, // net/http accepts 4 KiB more
	}
	unused := newUnused(server)
	stopped := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { stopped <- server.Serve(l) }()
	}
	select {
	case err := <-stopped:
		server.Close()
		return false, fmt.Errorf("server failed: %w", err)
	case <-stop.Done():
	}
	patiently(func() { log.Info("stopping", "cause", context.Cause(stop)) })
	began := time.Now()
	drain, cancel := context.WithTimeout(now, drainTime)
	defer cancel()
	unused.close()
	end() // event streams don't end on their own
	if drained = server.Shutdown(drain) == nil; !drained {
		server.Close()
		patiently(func() {
			log.Warn("closed connections with running requests", "after", time.Since(began).Round(time.Millisecond))
		})
	}
	for range listeners {
		<-stopped
	}
	return drained, nil
}

// patiently calls write, and waits for it at most a second: a log that is not read must
// not keep the server from saving its state and ending.
func patiently(write func()) {
	written := make(chan struct{})
	go func() {
		defer close(written)
		write()
	}()
	select {
	case <-written:
	case <-time.After(time.Second):
	}
}

// unused holds the connections that have not sent a request yet. Browsers open
// some in advance, and Shutdown would wait several seconds for them.
type unused struct {
	mu    sync.Mutex
	conns map[net.Conn]bool
}

func newUnused(server *http.Server) *unused {
	u := &unused{conns: map[net.Conn]bool{}}
	server.ConnState = func(conn net.Conn, state http.ConnState) {
		u.mu.Lock()
		defer u.mu.Unlock()
		if state == http.StateNew {
			u.conns[conn] = true
		} else {
			delete(u.conns, conn)
		}
	}
	return u
}

func (u *unused) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for conn := range u.conns {
		conn.Close()
	}
}
