package rule

// DamageNetwork is the name that the edge's network for damage has among the models.
const DamageNetwork = "damage"

// Networks are the edge's networks whose scores rules take, by name, and the version that comes with the program: that counts unless a Setting names another.
//
// A rule knows one version at a time, that of the Setting, and refuses the scores of all others, which edges still or already have while another is put in force:
// then it judges as where the network has not looked. Its levels are for probabilities that are calibrated: who publishes a version promises that they are.
var Networks = map[string]int64{DamageNetwork: 1}

// Heedful is a rule that takes the scores of an edge's network.
type Heedful interface {
	Rule
	// Heed says which version of a network counts from the next record on. It begins with that which comes with the program.
	Heed(name string, version int64)
}
