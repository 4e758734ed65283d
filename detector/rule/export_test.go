package rule

// What tests look at that is not for others.
var (
	LevelOf     = levelOf
	LeastEnergy = leastEnergy
)
