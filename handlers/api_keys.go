package handlers

import (
	"net/http"

	"antechamber/api"
	"antechamber/store"
)

var apiKeyOperations = []operation{
	{"listApiKeys", http.MethodGet, "/organizations/api_keys", listAPIKeys},
	{"getApiKey", http.MethodGet, "/organizations/api_keys/:api_key_id", getAPIKey},
	{"updateApiKey", http.MethodPost, "/organizations/api_keys/:api_key_id", updateAPIKey},
}

func listAPIKeys(c *call) error {
	q := queryOf(c)
	l := q.list()
	f := store.APIKeyFilter{
		WorkspaceID:     q.id("workspace_id"),
		Status:          oneOf(q, "status", api.APIKeyStatuses),
		CreatedByUserID: q.id("created_by_user_id"),
	}
	p, err := c.org.ListAPIKeys(f, l, q.err())
	return answerPage(c, p.In(c.shape()), err)
}

func getAPIKey(c *call) error {
	k, err := c.org.GetAPIKey(c.id("api_key_id"))
	return answer(c, k.In(c.shape()), err)
}

func updateAPIKey(c *call) error {
	b := decode(c)
	var in store.APIKeyUpdate
	if in.Name = b.optionalStr("name", nullable); in.Name != nil {
		b.length("name", *in.Name, 1, api.MaxAPIKeyName)
	}
	if value, ok := b.optional("status", nullable); ok {
		status := enum(b, "status", value, api.SettableKeyStatuses)
		in.Status = &status
	}
	k, err := c.org.UpdateAPIKey(c.id("api_key_id"), in, b.err())
	return answer(c, k.In(c.shape()), err)
}
