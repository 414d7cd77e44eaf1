package pull

import (
	"context"
	"fmt"

	"antechamber/api"
)

func (p *puller) readOrganization(ctx context.Context) error {
	var response decoded[api.Organization]
	if err := p.client.get(ctx, "me", nil, &response); err != nil {
		return err
	}
	p.organization = response.value
	if p.organization.ID == "" {
		return fmt.Errorf("no organization in the response (is %s the address of the API?)", p.From)
	}
	p.notes.omitFields("the organization", p.organization.ID, "", response.fields, []string{"id", "type", "name"})
	return nil
}
