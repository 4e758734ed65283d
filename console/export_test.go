package console

// Route is a line of the table of routes.
type Route struct {
	Pattern string
	Least   Role
}

// Routes are all of the console.
func (c *Console) Routes() (list []Route) {
	for _, r := range c.routes() {
		list = append(list, Route{r.pattern, r.least})
	}
	return list
}
