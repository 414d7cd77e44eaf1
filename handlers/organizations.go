package handlers

func getCurrentOrganization(c *call) error {
	return answer(c, c.org.GetCurrentOrganization(), nil)
}
