package e2e

import (
	"net/http"
	"testing"
)

func organizationJourney(t *testing.T, s *server, c admin) {
	o, err := c.GetCurrentOrganization(t.Context())
	noError(t, "organization", err)
	equal(t, "organization", organization{ID: o.ID, Type: "organization", Name: "Northlight Robotics"}, o)

	got := s.raw(t, http.MethodGet, "/v1/organizations/me", "")
	equal(t, "anthropic-organization-id", o.ID, got.Header.Get("anthropic-organization-id"))
	equal(t, "raw organization", `{"id":"`+o.ID+`","type":"organization","name":"Northlight Robotics"}`, got.Body)
}
