package e2e

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// The libraries below are those of docker compose and terraform, which CI cannot
// install: they are neither Debian packages nor on a package registry.

// checkCompose checks a compose file against the schema and the rules of the Compose
// Specification, as docker compose config does.
func checkCompose(t *testing.T, file string) {
	t.Helper()
	project, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir:  filepath.Dir(file),
		ConfigFiles: []types.ConfigFile{{Filename: file}},
		Environment: types.Mapping{},
	}, func(o *loader.Options) { o.SetProjectName("antechamber", true) })
	noError(t, file, err)
	if _, ok := project.Services["antechamber"]; !ok {
		t.Errorf("%s has no service antechamber", file)
	}
}

func TestComposeFile(t *testing.T) {
	t.Parallel()
	checkCompose(t, filepath.Join("..", "compose.yaml"))
}

func TestCheckComposeRefusesUnknownFields(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"unknown field":      "services: {antechamber: {image: a, reed_only: true}}",
		"unknown dependency": "services: {antechamber: {image: a, depends_on: [b]}}",
	} {
		_, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{
			ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml", Content: []byte(text)}},
		}, func(o *loader.Options) { o.SetProjectName("antechamber", true) })
		if err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// checkHCL checks the syntax and the format of a Terraform configuration, as terraform
// fmt -check does.
func checkHCL(t *testing.T, text string) {
	t.Helper()
	if _, problems := hclwrite.ParseConfig([]byte(text), "main.tf", hcl.InitialPos); problems.HasErrors() {
		t.Errorf("%v in\n%s", problems, text)
	}
	equal(t, "formatted configuration", text, string(hclwrite.Format([]byte(text))))
}
