package admintest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"antechamber/internal/limits"
	"antechamber/internal/server"
	"antechamber/seed"
	"antechamber/store"
)

// Start is where the clock of a server stands that nobody gives another one.
var Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Option says how a server begins.
type Option func(*options) error

// options are what Run and Connect are told.
type options struct {
	seed     *seed.Seed   // of Connect: the server's own when nil
	seedName string       // as the command line names it; empty for a text
	seeds    int          // how many were given
	clock    *store.Clock // outranks the seed's
	idSeed   *uint64
	adminKey string
	token    string

	serverSeed bool
	listen     bool
	fork       bool
	errors     server.Errors
	rateLimit  limits.Policy
	ofRun      []string // what only Run can be told
	flags      []string // the same, as serve is told
}

func (o *options) runOnly(name, flags string) {
	o.ofRun = append(o.ofRun, name+" (serve "+flags+")")
	o.flags = append(o.flags, flags)
}

// Seed begins with the organizations of a seed: a file, or one that is built
// in: demo (the default), contract or empty. It fails with every fault of the
// file.
func Seed(nameOrFile string) Option {
	return func(o *options) (err error) {
		o.seeds++
		builtin, ok := seed.Builtin(nameOrFile)
		if ok {
			o.seed, o.seedName = builtin, nameOrFile
			return nil
		}
		text, err := os.ReadFile(nameOrFile)
		if errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(nameOrFile, `./\`) {
			return fmt.Errorf("there is no file %s, and the built-in seeds are %s", nameOrFile, strings.Join(seed.BuiltinNames, ", "))
		}
		if err != nil {
			return err
		}
		o.seedName = nameOrFile
		o.seed, err = seed.Parse(nameOrFile, text)
		return err
	}
}

// SeedJSON begins with the organizations of a seed that stands in the test.
func SeedJSON(text string) Option {
	return func(o *options) (err error) {
		o.seeds++
		o.seed, err = seed.Parse("SeedJSON", []byte(text))
		o.seedName = ""
		return err
	}
}

// SeedOf starts with organizations written in Go. It fails with every fault of
// them; seed.Organization and its parts document what may be left out.
func SeedOf(organizations ...seed.Organization) Option {
	return func(o *options) (err error) {
		o.seeds++
		o.seed, err = seed.Of(organizations...)
		o.seedName = ""
		return err
	}
}

// ServerSeed begins with what a running server began with. Run has no such
// server, and begins with the demo.
func ServerSeed() Option {
	return func(o *options) error {
		o.seeds++
		o.serverSeed = true
		return nil
	}
}

// orDemo is what begins where nothing else is given.
func (o *options) orDemo() {
	if o.seed == nil {
		o.seed, _ = seed.Builtin("demo")
		o.seedName = "demo"
	}
}

// Clock makes the clock of every organization stand still at a time, whatever
// the seed says.
func Clock(at time.Time) Option {
	return func(o *options) error {
		if year := at.UTC().Year(); year < 1970 || year > 9998 {
			return fmt.Errorf("Clock: expected a time from 1970 to 9998, not %s", at.Format(time.RFC3339))
		}
		frozen := store.FrozenAt(at)
		o.clock = &frozen
		return nil
	}
}

// RunningClock makes the clock of every organization show real time, whatever
// the seed says. Ids, which hold the time, then differ from run to run.
func RunningClock() Option {
	return func(o *options) error {
		o.clock = new(store.Clock)
		return nil
	}
}

// IDSeed is what ids are made of, up to 2⁵³-1. It is made of the test's name
// otherwise.
func IDSeed(n uint64) Option {
	return func(o *options) error {
		if n > seed.MaxIDSeed {
			return fmt.Errorf("IDSeed: expected a number from 0 to %d, not %d", uint64(seed.MaxIDSeed), n)
		}
		o.idSeed = &n
		return nil
	}
}

// AdminKey is the admin key of the first organization, beside those of the
// seed. On a running server nobody else may have it.
func AdminKey(key string) Option {
	return func(o *options) error {
		if !store.ValidAdminKey(key) {
			return errors.New("AdminKey: expected " + store.AdminKeyForm)
		}
		o.adminKey = key
		o.flags = append(o.flags, "--admin-key "+key)
		return nil
	}
}

// ControlToken is what the control plane of a running server asks for.
// Otherwise it is taken from the environment variable ANTECHAMBER_CONTROL_TOKEN.
// Run has no use for it.
func ControlToken(token string) Option {
	return func(o *options) error {
		o.token = token
		return nil
	}
}

// Listen opens a port on the loopback for clients outside the process: a
// program under test, or a browser. URL is then what they can use, and Client
// uses the port too. Connect has a port anyway.
func Listen() Option {
	return func(o *options) error {
		o.listen = true
		return nil
	}
}

// ForkUnknownKeys gives a well-formed admin key that nobody has an organization
// of its own, made from the seed. Otherwise it is refused. A running server is
// told by --unknown-keys.
func ForkUnknownKeys() Option {
	return func(o *options) error {
		o.fork = true
		o.runOnly("ForkUnknownKeys", "--unknown-keys fork")
		return nil
	}
}

// ProductionErrors answers errors in production's envelope to the letter. A
// running server is told by --errors.
func ProductionErrors() Option {
	return func(o *options) error {
		o.errors = server.ErrorsProduction
		o.runOnly("ProductionErrors", "--errors production")
		return nil
	}
}

// RateLimit limits the requests of each organization: "production", or a number
// a minute such as "30/min". While the clock stands still, the window moves
// with it alone. A running server is told by --rate-limit.
func RateLimit(policy string) Option {
	return func(o *options) (err error) {
		if o.rateLimit, err = limits.ParsePolicy(policy); err != nil {
			return fmt.Errorf("RateLimit: %w", err)
		}
		o.runOnly("RateLimit", "--rate-limit "+policy)
		return nil
	}
}

// read takes the options in, and returns what is wrong with them.
func read(opts []Option) (*options, error) {
	o := &options{}
	var wrong []error
	for _, option := range opts {
		if option == nil {
			continue
		}
		wrong = append(wrong, option(o))
	}
	if o.seeds > 1 {
		wrong = append(wrong, errors.New("a server begins with one seed: give one of Seed, SeedJSON, SeedOf and ServerSeed"))
	}
	return o, errors.Join(wrong...)
}

// ofRunning refuses what a running server cannot be told any more.
func (o *options) ofRunning() error {
	if len(o.ofRun) == 0 {
		return nil
	}
	return fmt.Errorf("a running server cannot be told any more: %s", strings.Join(slices.Compact(o.ofRun), ", "))
}
