package pull

import (
	"context"
	"fmt"

	"antechamber/api"
)

func (p *puller) readOrganization(ctx context.Context) error {
	var answer answered[api.Organization]
	if err := p.client.get(ctx, "me", nil, &answer); err != nil {
		return err
	}
	p.organization = answer.value
	if p.organization.ID == "" {
		return fmt.Errorf("%s answers without an organization: is it the address of the API?", p.From)
	}
	p.notes.leftOut("the organization", p.organization.ID, "", answer.fields, []string{"id", "type", "name"})
	return nil
}
