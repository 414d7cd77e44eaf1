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
	"net/url"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"antechamber/handlers"
	"antechamber/handlers/control"
	"antechamber/internal/limits"
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
	return badInput("%s", text.Invalid("--admin-key", "", store.AdminKeyForm+", such as "+defaultAdminKey))
}

type serveCmd struct {
	Addr         string        `default:"127.0.0.1:4020" placeholder:"HOST:PORT" help:"Address to listen on. Port 0 picks a free port; the host defaults to 127.0.0.1, or to all interfaces with --expose. Default: ${default}."`
	Expose       bool          `help:"Allow an address that other machines can reach. Required for any address other than loopback."`
	Seed         string        `default:"demo" placeholder:"FILE" help:"Initial organizations: a JSON file, - for standard input, or a built-in seed (demo, contract or empty). Use ./demo for a file with that name. Default: ${default}."`
	AdminKey     *string       `placeholder:"KEY" help:"Additional admin key for the first organization. If neither the seed nor this flag sets one, the key is ${admin_key}."`
	StateFile    string        `name:"state-file" placeholder:"FILE" help:"Keep all organizations in this file across restarts. Once it exists, it overrides --seed, --admin-key, --id-seed and --clock."`
	UnknownKeys  unknownKeys   `default:"refuse" placeholder:"refuse|fork" help:"How to handle unknown admin keys: refuse them, or give each its own fork of the seed's first organization. Default: ${default}."`
	Clock        *instant      `placeholder:"TIME" help:"Freeze all clocks at this RFC 3339 time, overriding the seed."`
	IDSeed       *idSeed       `name:"id-seed" placeholder:"N" help:"Seed for ID generation, from 0 to ${max_id_seed}. The same seed and clock produce the same ids. Default: random, printed at startup."`
	Errors       errorForm     `default:"both" placeholder:"both|production" help:"Format of Admin API errors: production (its envelope only) or both (plus the fields of the published contract). Default: ${default}."`
	RateLimit    limits.Policy `name:"rate-limit" default:"off" placeholder:"off|production|N/min" help:"Rate limit of each organization: none, production's, or N requests per minute. Default: ${default}."`
	ControlToken string        `name:"control-token" placeholder:"TOKEN" help:"Token that the control plane requires when exposed; none disables it. Default: random, printed at startup."`
	CORS         []origin      `name:"cors" placeholder:"ORIGIN" help:"Web origins that may call the Admin API, comma-separated; * allows any. Default: none."`
	JournalSize  journalSize   `name:"journal-size" default:"1000" placeholder:"N" help:"Number of requests in each organization's journal; 0 disables it. Default: ${default}."`
	Log          logFormat     `default:"text" placeholder:"text|json" help:"Format of the start line and the log. Default: ${default}."`
	LogLevel     logLevel      `default:"info" placeholder:"LEVEL" help:"Minimum log level: debug (every request), info, warn or error. Default: ${default}."`
}

func (serveCmd) Help() string {
	return `Prints one line to standard output when the server is ready: its URL, an admin key, the console and the settings. The log goes to standard error. SIGINT and SIGTERM let running requests finish; a second signal ends the server at once.

Examples:

  antechamber serve
  antechamber --addr 127.0.0.1:0 --seed acme.json
  antechamber --clock 2026-01-01T00:00:00Z --id-seed 1
  antechamber --addr :4020 --expose --admin-key sk-ant-admin01-team`
}

// unknownKeys is how to handle unknown admin keys.
type unknownKeys string

// UnmarshalText reads refuse or fork.
func (u *unknownKeys) UnmarshalText(text []byte) error { return parseChoice(u, text, "refuse", "fork") }

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
	log := c.logger(p.stderr)
	s := store.New(p.now)
	source, err := c.restore(s, p, parsed, log)
	if err != nil {
		return err
	}
	if source == nil {
		if source, err = c.loadSeed(s, p); err != nil {
			return err
		}
	}
	listener, err := c.listen(ctx)
	if err != nil {
		return err
	}
	stopSaving, err := c.startSaving(s, source, p, log)
	if err != nil {
		listener.Close()
		return err
	}
	ending, end := context.WithCancel(context.Background())
	defer end()
	token, exposed := "", !listener.Addr().(*net.TCPAddr).IP.IsLoopback()
	if exposed {
		token = c.token()
	}
	handler := handlers.New(handlers.Options{
		Store: s, Seed: c.seedOptions(), ForkUnknownKeys: c.UnknownKeys == "fork", Errors: server.Errors(c.Errors), RateLimit: c.RateLimit,
		JournalEntries: int(c.JournalSize), Origins: origins(c.CORS), Exposed: exposed, Token: token,
		Version: p.build.Version, Log: log, Ending: ending,
	})
	go removeEnded(ending, s)
	// Signals are handled only from here on, so that Ctrl-C ends a server that
	// is still reading its seed from standard input.
	ctx, ignoreSignals := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer ignoreSignals()
	context.AfterFunc(ctx, ignoreSignals) // a second signal kills the process
	c.announce(p, start{
		seed: source.shown, stateFile: c.StateFile, organizations: len(s.Organizations()), idSeed: *c.IDSeed,
		adminKey: s.First().AdminKeys()[0], clock: s.First().Clock(), token: token, rateLimit: c.RateLimit,
	}, listener.Addr().(*net.TCPAddr))
	return errors.Join(serve(ctx, listener, handler, end, log), stopSaving())
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
		return nil, badInput("cannot load seed %s: %v", from.Name, err)
	}
	return &source{from.Name, from}, nil
}

// origin is a web origin on the command line, or * for any.
type origin string

// UnmarshalText reads scheme://host or scheme://host:port.
func (o *origin) UnmarshalText(text []byte) error {
	u, err := url.Parse(string(text))
	if string(text) != "*" && (err != nil || u.Scheme == "" || u.Host == "" || u.Scheme+"://"+u.Host != string(text)) {
		return badValue(text, "an origin, such as http://localhost:3000, or *")
	}
	*o = origin(text)
	return nil
}

func origins(all []origin) (out []string) {
	for _, o := range all {
		out = append(out, string(o))
	}
	return out
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
	return c.ControlToken
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
	if from.Name = c.Seed; c.Seed == "" {
		return from, nil, nil, badInput("%s", text.Invalid("--seed", `""`, "a file, - for standard input, "+text.OneOf(seed.BuiltinNames)))
	}
	opts := c.seedOptions().At(p.now())
	if s, from.Builtin = seed.Builtin(c.Seed); from.Builtin {
		if organizations, err = s.Load(opts); err != nil && c.Clock != nil { // faults would point into a file that users cannot see
			err = badInput("built-in seed %s cannot be used with --clock %s: its times would be before 1970 or ahead of the clock", from.Name, c.Clock.At)
		}
	} else {
		var data []byte
		if from.Name, data, err = readSeedFile(c.Seed, p.stdin); errors.Is(err, fs.ErrNotExist) {
			err = badInput("no such seed %q (use a file, - for standard input, %s)", c.Seed, text.OneOf(seed.BuiltinNames))
		}
		if err == nil {
			from.Text = string(data)
			s, organizations, err = seed.Read(from.Name, data, opts)
		}
	}
	if err != nil {
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
			return nil, badInput("duplicate admin key %s: organization %s in seed %s has the default key of the first organization (set another one with --admin-key)", key, text.Quote(o.Name), seedName)
		default:
			return nil, badInput("duplicate --admin-key %s: organization %s in seed %s has it too", key, text.Quote(o.Name), seedName)
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

// listen opens --addr if the flags allow it.
func (c *serveCmd) listen(ctx context.Context) (net.Listener, error) {
	host, port, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return nil, badInput("%s", text.Invalid("--addr", text.Quote(c.Addr), "HOST:PORT, such as 127.0.0.1:4020"))
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return nil, badInput("%s", text.Invalid("--addr", text.Quote(c.Addr), "a port from 0 to 65535"))
	}
	if host == "" && !c.Expose {
		host = "127.0.0.1"
	}
	if host != "" {
		// Look up a name only once, so that the checked address is the one opened.
		ip, err := lookUp(ctx, host)
		if err != nil {
			return nil, err
		}
		if !ip.IP.IsLoopback() && !c.Expose {
			return nil, badInput("--addr %s requires --expose: other machines can reach it (use --addr 127.0.0.1:%s to keep it local)", c.Addr, port)
		}
		host = ip.String()
	}
	address := net.JoinHostPort(host, port)
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, badInput("cannot listen on %s: address already in use (use --addr 127.0.0.1:0 to pick a free port)", address)
	}
	if wrapped, ok := errors.AsType[*net.OpError](err); ok {
		return nil, badInput("cannot listen on %s: %v", address, wrapped.Err)
	}
	return listener, err
}

// lookUp returns an address of a host: preferably one that other machines can
// reach, then an IPv4 loopback address, which most clients use for localhost.
func lookUp(ctx context.Context, host string) (net.IPAddr, error) {
	all, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil || len(all) == 0 {
		return net.IPAddr{}, badInput("cannot resolve --addr host %s", text.Quote(host))
	}
	best := all[0]
	for _, ip := range all {
		switch {
		case !ip.IP.IsLoopback():
			return ip, nil
		case ip.IP.To4() != nil:
			best = ip
		}
	}
	return best, nil
}

// start holds the fields of the start line.
type start struct {
	version       string
	url           string
	exposed       string // address that other machines can reach; empty for none
	adminKey      string // of the first organization
	token         string // control token; empty for none
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

// serve answers requests until ctx is done and then finishes running ones. It
// calls end to end event streams.
func serve(ctx context.Context, l net.Listener, h http.Handler, end func(), log *slog.Logger) error {
	server := &http.Server{
		Handler: h, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	unused := newUnused(server)
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(l) }()
	select {
	case err := <-stopped:
		return fmt.Errorf("server failed: %w", err)
	case <-ctx.Done():
	}
	log.Info("stopping", "cause", context.Cause(ctx))
	drain, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	unused.close()
	end() // event streams don't end on their own
	if server.Shutdown(drain) != nil {
		log.Warn("closed connections with running requests", "after", drainTime)
		server.Close()
	}
	<-stopped
	return nil
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
