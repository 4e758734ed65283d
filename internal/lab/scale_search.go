package lab

// Search looks for the most of something that holds, up to most: from first on it doubles until try says no, then halves what lies between, until that is an eighth of
// what holds or less. It stops sooner when more says that there is no time. What has held is returned, 0 when nothing has.
func Search(first, most int, more func() bool, try func(n int) (bool, error)) (held int, err error) {
	tooMany := 0
	for n := min(first, most); n > 0 && (held == 0 && tooMany == 0 || more()); {
		ok, err := try(n)
		switch {
		case err != nil:
			return held, err
		case ok:
			held = n
		default:
			tooMany = n
		}
		switch {
		case held == most:
			return held, nil
		case tooMany == 0:
			n = min(2*n, most)
		case tooMany-held <= held/8 || tooMany-held < 2:
			return held, nil
		default:
			n = held + (tooMany-held)/2
		}
	}
	return held, nil
}
