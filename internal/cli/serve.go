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
	"antechamber/seed"
	"antechamber/store"
)

// defaultAdminKey is the admin key of a seed that brings none.
const defaultAdminKey = seed.DefaultAdminKey

// noAdminKey refuses what was given as an admin key.
func noAdminKey() error {
	return badInput("--admin-key: expected %s, such as %s", store.AdminKeyForm, defaultAdminKey)
}

type serveCmd struct {
	Addr         string        `default:"127.0.0.1:4020" placeholder:"HOST:PORT" help:"Where to listen. Port 0 picks a free one. Without a host it is 127.0.0.1, with --expose every address of the machine. Default ${default}."`
	Expose       bool          `help:"Allow an address that other machines can reach."`
	Seed         string        `default:"demo" placeholder:"FILE" help:"The organizations to begin with: a JSON file, - for standard input, or a built-in seed: demo, contract or empty. A file of such a name is ./demo. Default ${default}."`
	AdminKey     *string       `placeholder:"KEY" help:"An admin key for the first organization, beside those of the seed. Where neither brings one it is ${admin_key}."`
	StateFile    string        `name:"state-file" placeholder:"FILE" help:"Keep every organization in this file over restarts. It outranks --seed, --admin-key, --id-seed and --clock once it is there."`
	Unknown      string        `name:"unknown-keys" enum:"refuse,fork" default:"refuse" placeholder:"refuse|fork" help:"What becomes of an admin key that nobody has: it is refused, or it gets an organization of its own, made from the first one of the seed. Default ${default}."`
	Clock        *instant      `placeholder:"TIME" help:"Freeze every clock at this RFC 3339 time, whatever the seed says."`
	IDSeed       *idSeed       `name:"id-seed" placeholder:"N" help:"What ids are made of, from 0 to ${max_id_seed}. With the same number and the same clock the ids are the same. Random by default, and printed."`
	Errors       server.Errors `enum:"both,production" default:"both" placeholder:"both|production" help:"The form of errors: production's envelope alone, or the fields of the published contract beside it. Default ${default}."`
	RateLimit    limits.Policy `name:"rate-limit" default:"off" placeholder:"off|production|N/min" help:"How many requests an organization may make: any number, as many as in production, or N a minute. Default ${default}."`
	ControlToken string        `name:"control-token" placeholder:"TOKEN" help:"What the control plane asks for when other machines can reach it: one is made and printed by default, none opens it."`
	CORS         []origin      `name:"cors" placeholder:"ORIGIN" help:"Web pages of these origins may call the API: * is any, a comma stands between several. None by default."`
	JournalSize  journalSize   `name:"journal-size" default:"1000" placeholder:"N" help:"How many requests each organization's journal holds; 0 is no journal. Default ${default}."`
	Log          string        `enum:"text,json" default:"text" placeholder:"text|json" help:"The form of the start line and of the log on standard error. Default ${default}."`
	LogLevel     string        `enum:"debug,info,warn,error" default:"info" placeholder:"LEVEL" help:"The least of what is logged: debug (every request), info, warn or error. Default ${default}."`
}

func (serveCmd) Help() string {
	return `A line on standard output says when the server is ready, and where. SIGINT and SIGTERM let running requests finish; a second one does not.

Examples:

  antechamber serve
  antechamber --addr 127.0.0.1:0 --seed acme.json
  antechamber --clock 2026-01-01T00:00:00Z --id-seed 1
  antechamber --addr :4020 --expose --admin-key sk-ant-admin01-team`
}

// instant is a time on the command line.
type instant struct{ store.Clock }

// UnmarshalText reads an RFC 3339 time.
func (i *instant) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.RFC3339, string(text))
	// An invite expires later than it is made.
	if year := t.UTC().Year(); err != nil || year < 1970 || year > 9998 {
		return badValue(text, "RFC 3339 from 1970 to 9998, such as 2026-01-01T00:00:00Z")
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

// Run serves until it is told to stop.
func (c *serveCmd) Run(ctx context.Context, p *process, parsed *kong.Context) error {
	log := c.logger(p.stderr)
	s := store.New(p.now)
	started, err := c.remember(s, p, parsed, log)
	if err != nil {
		return err
	}
	if started == nil {
		if started, err = c.begin(s, p); err != nil {
			return err
		}
	}
	listener, err := c.listen(ctx)
	if err != nil {
		return err
	}
	stopKeeping, err := c.keep(s, started, p, log)
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
		Store: s, Seed: c.loading(), ForkUnknownKeys: c.Unknown == "fork", Errors: c.Errors, RateLimit: c.RateLimit,
		JournalEntries: int(c.JournalSize), Origins: origins(c.CORS), Exposed: exposed, Token: token,
		Version: p.build.Version, Log: log, Ending: ending,
	})
	go removeEnded(ending, s)
	// From here on a signal has requests to wait for. Before, it could not
	// interrupt a seed that is typed in.
	ctx, ignoreSignals := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer ignoreSignals()
	context.AfterFunc(ctx, ignoreSignals) // the second one kills
	c.announce(p, start{
		seed: started.shown, stateFile: c.StateFile, organizations: len(s.Organizations()), idSeed: *c.IDSeed,
		adminKey: s.First().AdminKeys()[0], clock: s.First().Clock(), token: token, rateLimit: c.RateLimit,
	}, listener.Addr().(*net.TCPAddr))
	return errors.Join(serve(ctx, listener, handler, end, log), stopKeeping())
}

// removeEnded removes the organizations whose time has come, also from a server
// that nobody asks anything, until ctx is done.
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

// begun is what a server has begun with.
type begun struct {
	shown string // the name of the seed in the start line; empty when a state file is in its stead
	seed  statefile.Seed
}

// begin fills the store with the organizations of the seed.
func (c *serveCmd) begin(s *store.Store, p *process) (*begun, error) {
	if c.IDSeed == nil {
		c.IDSeed = randomIDSeed()
	}
	from, loaded, organizations, err := c.load(p)
	if err != nil {
		return nil, err
	}
	if err := loaded.AddTo(s, organizations, c.loading()); err != nil {
		return nil, badInput("the seed %s: %v", from.Name, err)
	}
	return &begun{from.Name, from}, nil
}

// origin is the origin of a web page on the command line, or * for any.
type origin string

// UnmarshalText reads scheme://host, with a port where there is one.
func (o *origin) UnmarshalText(text []byte) error {
	u, err := url.Parse(string(text))
	if string(text) != "*" && (err != nil || u.Scheme == "" || u.Host == "" || u.Scheme+"://"+u.Host != string(text)) {
		return badValue(text, "an origin such as http://localhost:3000, or *")
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

// journalSize is a number of requests on the command line.
type journalSize int

// UnmarshalText reads a number up to a million.
func (n *journalSize) UnmarshalText(text []byte) error {
	const most = 1_000_000
	i, err := strconv.Atoi(string(text))
	if err != nil || i < 0 || i > most {
		return badValue(text, fmt.Sprintf("a whole number from 0 to %d", most))
	}
	*n = journalSize(i)
	return nil
}

// token returns what the control plane asks for; empty for nothing.
func (c *serveCmd) token() string {
	switch c.ControlToken {
	case "none":
		return ""
	case "":
		return rand.Text()
	}
	return c.ControlToken
}

// randomIDSeed is, with the control token, all the chance in the program.
func randomIDSeed() *idSeed {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return new(idSeed(binary.NativeEndian.Uint64(b[:]) & maxIDSeed))
}

// load returns the organizations of the seed.
func (c *serveCmd) load(p *process) (from statefile.Seed, s *seed.Seed, organizations []store.Contents, err error) {
	if from.Name = c.Seed; c.Seed == "" {
		return from, nil, nil, badInput("--seed: expected a file, - or a built-in seed, %s, not nothing", strings.Join(seed.BuiltinNames, ", "))
	}
	opts := c.loading().At(p.now())
	if s, from.Builtin = seed.Builtin(c.Seed); from.Builtin {
		if organizations, err = s.Load(opts); err != nil && c.Clock != nil { // the faults are of no help: the file cannot be seen
			err = badInput("the built-in seed %s does not fit a clock at %s: its times would be before 1970 or ahead of the clock", from.Name, c.Clock.At)
		}
	} else {
		var data []byte
		if from.Name, data, err = readSeed(c.Seed, p.stdin); errors.Is(err, fs.ErrNotExist) {
			err = badInput("there is no file %s, and the built-in seeds are %s", c.Seed, strings.Join(seed.BuiltinNames, ", "))
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

// loading returns the options that the seed is loaded with.
func (c *serveCmd) loading() seed.Options {
	b := seed.Options{IDSeed: uint64(*c.IDSeed)}
	if c.Clock != nil {
		b.Clock = &c.Clock.Clock
	}
	return b
}

// adminKeys returns the admin keys of the first organization: the one of the
// command line before those of the seed, or the default one when there is none.
func (c *serveCmd) adminKeys(name string, organizations []store.Contents) ([]string, error) {
	keys, key := organizations[0].AdminKeys, defaultAdminKey
	switch {
	case c.AdminKey != nil:
		key = *c.AdminKey
	case len(keys) > 0:
		return keys, nil
	}
	if !store.ValidAdminKey(key) {
		return nil, noAdminKey()
	}
	for _, o := range organizations[1:] {
		switch {
		case !slices.Contains(o.AdminKeys, key):
		case c.AdminKey == nil:
			return nil, badInput("the first organization of the seed %s has no admin key, and %s, which it would get, is that of %s", name, key, o.Name)
		default:
			return nil, badInput("--admin-key: %s would be the key of two organizations, the seed %s has it for %s", key, name, o.Name)
		}
	}
	keys = slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return k == key })
	return append([]string{key}, keys...), nil
}

func (c *serveCmd) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // one of the enumeration
	opts := &slog.HandlerOptions{Level: level}
	if c.Log == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// listen opens the address, if it is one that the flags allow.
func (c *serveCmd) listen(ctx context.Context) (net.Listener, error) {
	host, port, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return nil, badInput("--addr: expected HOST:PORT, such as 127.0.0.1:4020, not %q", c.Addr)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return nil, badInput("--addr: expected a port from 0 to 65535, not %q", port)
	}
	if host == "" && !c.Expose {
		host = "127.0.0.1"
	}
	if host != "" {
		// A name is looked up once, so that what is checked is what is opened.
		ip, err := lookUp(ctx, host)
		if err != nil {
			return nil, err
		}
		if !ip.IP.IsLoopback() && !c.Expose {
			return nil, badInput("other machines can reach %s: add --expose if they may, or use --addr 127.0.0.1:%s", c.Addr, port)
		}
		host = ip.String()
	}
	address := net.JoinHostPort(host, port)
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, badInput("%s is in use: stop what listens there, or let --addr 127.0.0.1:0 pick a free port", address)
	}
	if wrapped, ok := errors.AsType[*net.OpError](err); ok {
		return nil, badInput("cannot listen on %s: %v", address, wrapped.Err)
	}
	return listener, err
}

// lookUp returns an address of a host: of several the one that other machines
// can reach, or else the one that localhost is to most clients.
func lookUp(ctx context.Context, host string) (net.IPAddr, error) {
	all, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil || len(all) == 0 {
		return net.IPAddr{}, badInput("--addr: there is no address of the name %s", host)
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

// start is what the start line says.
type start struct {
	version       string
	url           string
	exposed       string // the address, where other machines can reach it
	adminKey      string // of the first organization
	token         string // of the control plane; empty when it asks for none
	rateLimit     limits.Policy
	seed          string // empty when a state file is in its stead
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

// usableURL is where a client on this machine finds the address.
func usableURL(at net.TCPAddr) string {
	if at.IP.IsUnspecified() {
		at.IP = net.IPv4(127, 0, 0, 1)
	}
	return (&url.URL{Scheme: "http", Host: at.String()}).String()
}

// String is the start line of --log text. People read it and scripts grep it:
// two spaces stand between its parts, and their order stays.
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

// attributes are what the start line of --log json says.
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
// container ten seconds after it has asked it to stop.
const drainTime = 8 * time.Second

// serve answers requests until ctx is done, and then those that are running,
// but for those that end is told to end.
func serve(ctx context.Context, l net.Listener, h http.Handler, end func(), log *slog.Logger) error {
	server := &http.Server{
		Handler: h, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	silent := newSilent(server)
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(l) }()
	select {
	case err := <-stopped:
		return fmt.Errorf("the server failed: %w", err)
	case <-ctx.Done():
	}
	log.Info("stopping", "cause", context.Cause(ctx))
	drain, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	silent.close()
	end() // streams never end by themselves
	if server.Shutdown(drain) != nil {
		log.Warn("requests were cut off", "after", drainTime)
		server.Close()
	}
	<-stopped
	return nil
}

// silent are the connections that have sent nothing yet. Browsers open some in
// advance, and Shutdown would wait for them for seconds.
type silent struct {
	mu    sync.Mutex
	conns map[net.Conn]bool
}

func newSilent(server *http.Server) *silent {
	s := &silent{conns: map[net.Conn]bool{}}
	server.ConnState = func(conn net.Conn, state http.ConnState) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if state == http.StateNew {
			s.conns[conn] = true
		} else {
			delete(s.conns, conn)
		}
	}
	return s
}

func (s *silent) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		conn.Close()
	}
}
