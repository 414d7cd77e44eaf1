package admintest

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"antechamber/api"
	"antechamber/internal/limits"
	"antechamber/internal/lists"
	"antechamber/internal/server"
	"antechamber/internal/text"
	"antechamber/internal/wholefile"
	"antechamber/seed"
	"antechamber/store"
)

// Start is the time of a server's clock unless the seed or an option sets another.
var Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Option configures a server.
type Option func(*options) error

// options are the settings of Run and Connect.
type options struct {
	seed     *seed.Seed   // nil until defaultToDemo
	seedName string       // as a --seed argument; empty for a seed written in the test
	seeds    int          // number of seed options given
	clock    *store.Clock // overrides the seed's
	idSeed   *uint64
	adminKey string
	token    string

	serverSeed bool
	listen     bool
	fork       bool
	errors     server.Errors
	rateLimit  limits.Policy
	flags      []string // flags of serve with the same effect, for reports
	runOnly    []string // options that Connect does not accept
	serveFlags []string // flags of serve with the same effect as runOnly
}

// onlyRun notes an option that Connect does not accept, and its flag.
func (o *options) onlyRun(name, flag string) {
	o.runOnly = append(o.runOnly, name)
	o.serveFlags = append(o.serveFlags, flag)
	o.flags = append(o.flags, flag)
}

// Seed starts from a seed: a file, or one of the built-in seeds demo (the default),
// contract and empty. If the file is invalid, the test fails with all of its errors.
func Seed(nameOrFile string) Option {
	return func(o *options) (err error) {
		o.seeds++
		builtin, ok := seed.Builtin(nameOrFile)
		if ok {
			o.seed, o.seedName = builtin, nameOrFile
			return nil
		}
		content, err := wholefile.Read(nameOrFile, seed.MaxBytes)
		if errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(nameOrFile, `./\`) {
			return errors.New(text.Invalid("Seed", text.Quote(nameOrFile), "a file, "+text.OneOf(seed.BuiltinNames)))
		}
		if wrapped, ok := errors.AsType[*fs.PathError](err); ok {
			err = wrapped.Err // without the path, which follows
		}
		if err != nil {
			return fmt.Errorf("cannot read seed %s: %w", nameOrFile, err)
		}
		o.seedName = nameOrFile
		o.seed, err = seed.Parse(nameOrFile, content)
		return err
	}
}

// SeedJSON starts from a seed given as JSON. If it is invalid, the test fails with all
// of its faults.
func SeedJSON(text string) Option {
	return func(o *options) (err error) {
		o.seeds++
		o.seed, err = seed.Parse("SeedJSON", []byte(text))
		o.seedName = ""
		return err
	}
}

// SeedOf starts from organizations written in Go. [seed.Organization] and its parts
// document which fields are optional. If the organizations are invalid, the test fails
// with all of their errors.
func SeedOf(organizations ...seed.Organization) Option {
	return func(o *options) (err error) {
		o.seeds++
		o.seed, err = seed.Of(organizations...)
		o.seedName = ""
		if faults, ok := errors.AsType[seed.Faults](err); ok { // there is no file with these lines
			return errors.New(strings.Join(lists.Map(faults, func(f seed.Fault) string { return "SeedOf: " + f.Pointer + ": " + f.Message }), "\n"))
		}
		return err
	}
}

// ServerSeed starts from the seed of the running server that Connect uses. With Run,
// it selects the default seed, demo.
func ServerSeed() Option {
	return func(o *options) error {
		o.seeds++
		o.serverSeed = true
		return nil
	}
}

// defaultToDemo selects the demo seed if no option has selected a seed.
func (o *options) defaultToDemo() {
	if o.seed == nil {
		o.seed, _ = seed.Builtin("demo")
		o.seedName = "demo"
	}
}

// Clock freezes the clock of every organization at a time. It overrides the seed's
// clock.
func Clock(at time.Time) Option {
	return func(o *options) error {
		if year := at.UTC().Year(); year < 1970 || year > 9998 {
			return errors.New(text.Invalid("Clock", at.Format(time.RFC3339), "a time from 1970 to 9998"))
		}
		frozen := store.FrozenAt(at)
		return o.setClock(&frozen)
	}
}

// RunningClock makes the clock of every organization follow real time. It overrides
// the seed's clock. Ids contain the time, so they differ from run to run.
func RunningClock() Option {
	return func(o *options) error {
		return o.setClock(new(store.Clock))
	}
}

func (o *options) setClock(c *store.Clock) error {
	if o.clock != nil {
		return errors.New("Clock and RunningClock cannot be combined: use one of them, once")
	}
	o.clock = c
	return nil
}

// IDSeed sets the seed for ID generation, at most 2⁵³-1. By default it is derived from
// the test's name.
func IDSeed(n uint64) Option {
	return func(o *options) error {
		if n > seed.MaxIDSeed {
			return errors.New(text.Invalid("IDSeed", strconv.FormatUint(n, 10), fmt.Sprintf("a whole number from 0 to %d", uint64(seed.MaxIDSeed))))
		}
		if o.idSeed != nil {
			return errTwice("IDSeed")
		}
		o.idSeed = &n
		return nil
	}
}

// AdminKey adds an admin key to the first organization of the seed, and selects the
// organization by it. On a running server, the key must not be in use.
func AdminKey(key string) Option {
	return func(o *options) error {
		if !store.ValidAdminKey(key) {
			return errors.New(text.Invalid("AdminKey", "", store.AdminKeyForm))
		}
		if o.adminKey != "" {
			return errTwice("AdminKey")
		}
		o.adminKey = key
		o.flags = append(o.flags, "--admin-key "+key)
		return nil
	}
}

// ControlToken sets the control token of the running server that Connect uses. By
// default it is the value of the environment variable ANTECHAMBER_CONTROL_TOKEN. Run
// ignores it.
func ControlToken(token string) Option {
	return func(o *options) error {
		if !api.ValidToken(token) {
			return errors.New(text.Invalid("ControlToken", "", api.TokenForm))
		}
		if o.token != "" {
			return errTwice("ControlToken")
		}
		o.token = token
		return nil
	}
}

// Listen opens a port on the loopback interface for clients in other processes, such as
// a program under test or a browser. They reach the server at URL, and Client uses the
// port too. Connect ignores it: a running server has a port.
func Listen() Option {
	return func(o *options) error {
		o.listen = true
		return nil
	}
}

// ForkUnknownKeys creates an organization from the seed for each unknown, well-formed
// admin key. By default unknown keys are refused. For a running server, use
// serve --unknown-keys.
func ForkUnknownKeys() Option {
	return func(o *options) error {
		o.fork = true
		o.onlyRun("ForkUnknownKeys", "--unknown-keys fork")
		return nil
	}
}

// ProductionErrors returns errors exactly as production does, without additional
// fields. For a running server, use serve --errors.
func ProductionErrors() Option {
	return func(o *options) error {
		o.errors = server.ErrorsProduction
		o.onlyRun("ProductionErrors", "--errors production")
		return nil
	}
}

// RateLimit limits the requests of each organization: "production" for the limits of
// production, or a number per minute, such as "30/min". While the clock is frozen, the
// window moves only when the clock is moved. For a running server, use
// serve --rate-limit.
func RateLimit(policy string) Option {
	return func(o *options) (err error) {
		if o.rateLimit != limits.Off {
			return errTwice("RateLimit")
		}
		if o.rateLimit, err = limits.ParsePolicy(policy); err != nil {
			return fmt.Errorf("invalid RateLimit %s: %w", text.Quote(policy), err)
		}
		o.onlyRun("RateLimit", "--rate-limit "+policy)
		return nil
	}
}

// parseOptions applies the options, and returns all of their errors.
func parseOptions(opts []Option) (*options, error) {
	o := &options{}
	var errs []error
	for _, option := range opts {
		if option == nil {
			continue
		}
		errs = append(errs, option(o))
	}
	if o.seeds > 1 {
		errs = append(errs, errors.New("Seed, SeedJSON, SeedOf and ServerSeed cannot be combined: use one of them, once"))
	}
	return o, errors.Join(errs...)
}

// checkConnect returns an error if there are options that Connect does not accept.
func (o *options) checkConnect() error {
	if len(o.runOnly) == 0 {
		return nil
	}
	return fmt.Errorf("a running server does not accept %s (start it with %s)",
		strings.Join(slices.Compact(o.runOnly), ", "), strings.Join(o.serveFlags, " "))
}

// errTwice returns the error of an option that was given before.
func errTwice(name string) error { return errors.New(name + " is given twice") }
