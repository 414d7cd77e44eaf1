// Package admintest runs an emulator of the Anthropic Admin API inside a Go
// test. It is stateful and behaves like production, and it can do what production
// cannot do for a test: move time, fail on demand and restore an earlier state.
//
//	func TestOffboarding(t *testing.T) {
//		srv := admintest.Run(t, admintest.Seed("testdata/acme.json"))
//
//		client := anthropic.NewClient(
//			option.WithoutEnvironmentDefaults(), // ignore ANTHROPIC_* variables
//			option.WithBaseURL(srv.URL), option.WithAPIKey(srv.AdminKey), option.WithHTTPClient(srv.Client()))
//		…
//	}
//
// [Run] opens no port and leaves nothing running: [Server.Client] reaches the
// server inside the process. [Listen] opens a port for other programs.
//
// # Reproducible runs
//
// The clock is frozen at [Start] unless the seed, [Clock] or [RunningClock] says
// otherwise, and ids are derived from the test's name. Ids and times are therefore
// the same in every run, and the log of a failed test says how to reproduce it.
// Code under test that reads the system clock sees a later time than the server:
// pass it [ServerClock.Now], or use [RunningClock].
//
// # Running server
//
// [Connect] returns the same methods for a server that is already running, such as
// a container, and creates an organization for the test there. With an empty
// URL it is [Run], so one environment variable decides where a test suite runs:
//
//	srv := admintest.Connect(t, os.Getenv("ANTECHAMBER_URL"))
//
// # Waiting
//
// In a testing/synctest bubble no wait takes real time, not even the pauses between
// an SDK's retries. With [RunningClock], the organization's clock follows the
// bubble's. Outside a bubble, [Server.Impatient] skips the waits that responses ask
// for.
//
// # Failures
//
// A method that fails ends the test. The log of a failed test shows the last
// requests and how the server was started. A Server reports to the test that it was
// created with. Subtests use [Server.In]; parallel subtests use [Server.Fork],
// each with a separate organization.
//
// A Server lasts as long as its test. Sharing one across a package is seldom necessary:
// [Run] takes milliseconds, mostly to load the seed, and [Server.Fork] takes a fraction
// of that. For TestMain, and for programs that are not tests, there is [New].
//
// Objects of the Admin API are the types of package antechamber/api.
package admintest

//go:generate go run antechamber/internal/genoperations
