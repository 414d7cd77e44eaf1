// Package admintest is the Anthropic Admin API inside a Go test: stateful, with
// its real consequences, and with what production cannot do for a test, such as
// moving time, failing on demand and forgetting.
//
//	func TestOffboarding(t *testing.T) {
//		srv := admintest.Run(t, admintest.Seed("testdata/acme.json"))
//
//		client := anthropic.NewClient(
//			option.WithoutEnvironmentDefaults(), // of whoever runs the test
//			option.WithBaseURL(srv.URL), option.WithAPIKey(srv.AdminKey), option.WithHTTPClient(srv.Client()))
//		…
//	}
//
// No port is opened and nothing is left running: [Server.Client] leads to the
// server within the process. [Listen] opens a port for programs outside it.
//
// # The same test twice runs the same
//
// The clock stands still at [Start] unless the seed or [Clock] says otherwise,
// and ids are made of the test's name. So ids and times are the same in every
// run, and a test that fails tells how it began. Code under test that asks the
// wall clock will find that it is later than the server says: give it
// [ServerClock.Now], or use [RunningClock].
//
// # A running server in its stead
//
// [Connect] gives the same methods over a server that runs somewhere, such as a
// container, in an organization of its own. With an empty URL it is [Run], so
// that one environment variable says where a suite runs:
//
//	srv := admintest.Connect(t, os.Getenv("ANTECHAMBER_URL"))
//
// # Waiting
//
// In a bubble of testing/synctest nothing waits really, SDKs between their tries
// neither, and with [RunningClock] the organization's time goes on with that of
// the code. Elsewhere [Server.Impatient] takes the waiting out of answers.
//
// # Failures
//
// A method that fails ends the test. When a test has failed, the last requests
// and what the server began with are in its log. Each method reports to the test
// that its Server was made with: give a subtest [Server.In], or, when it runs in
// parallel, an organization of its own by [Server.Fork].
//
// A Server lasts as long as its test. There is none for a whole package, and no
// need: [Run] takes milliseconds, most of them to load the seed, and [Server.Fork]
// a fraction of that.
//
// The objects of the Admin API are those of package antechamber/api.
package admintest

//go:generate go run antechamber/internal/genoperations
