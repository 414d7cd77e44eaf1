package handlers

import "net/http"

var organizationOperations = []operation{
	{"getCurrentOrganization", http.MethodGet, "/organizations/me", getCurrentOrganization},
}

func getCurrentOrganization(c *call) error {
	return answer(c, c.org.GetCurrentOrganization(), nil)
}
