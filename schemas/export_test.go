package schemas

// ReadHistory lets tests publish versions of their own.
var ReadHistory = readHistory
