package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"github.com/framewatch/framewatch/internal/catalogue"
	"github.com/framewatch/framewatch/topology"
)

const (
	// longestCondition bounds a condition, bytes; mostNodes what it may be made of.
	longestCondition, mostNodes = 1000, 200
	// aboutRecord is what the record itself is called in a condition, beside the fields of its value.
	aboutRecord = "meta"
)

// functions are those that a condition may call: they take no longer than what they are given is long.
var functions = []string{"any", "all", "none", "len", "lower", "abs"}

// condition is one on the fields of a record's value, in the language of expr-lang/expr: kind == "freeze" and value > 0.9. What stands in no record, is null
// there, or cannot be compared fulfils none. It belongs to one goroutine.
type condition struct {
	program *vm.Program
	machine vm.VM
}

// newCondition reads a condition on the records of a topic; empty: nil, which all fulfil. It can only look at the record, and ends soon whatever it says.
func newCondition(text string, topic *topology.Spec) (*condition, error) {
	if text == "" {
		return nil, nil
	}
	if len(text) > longestCondition {
		return nil, fmt.Errorf("it has %d bytes, at most %d are read", len(text), longestCondition)
	}
	tree, err := parser.Parse(text)
	if err != nil {
		return nil, inOneLine(err)
	}
	check := &checked{known: append(fieldsOf(topic), aboutRecord)}
	if ast.Walk(&tree.Node, check); check.problem != "" {
		return nil, fmt.Errorf("%s", check.problem)
	}
	options := []expr.Option{expr.AllowUndefinedVariables(), expr.AsBool(), expr.MaxNodes(mostNodes), expr.DisableAllBuiltins()}
	for _, name := range functions {
		options = append(options, expr.EnableBuiltin(name))
	}
	program, err := expr.Compile(text, options...)
	if err != nil {
		return nil, inOneLine(err)
	}
	return &condition{program: program}, nil
}

// fits tells whether a record fulfils the condition.
func (c *condition) fits(fields, about map[string]any) bool {
	if c == nil {
		return true
	}
	env := make(map[string]any, len(fields)+1)
	for name, v := range fields {
		env[name] = v
	}
	env[aboutRecord] = about
	fits, err := c.machine.Run(c.program, env)
	return err == nil && fits == true
}

// checked finds what a condition may not have: names that no record has, and what makes much of little.
type checked struct {
	known   []string
	problem string
}

// Visit looks at one part of the condition.
func (c *checked) Visit(node *ast.Node) {
	problem := ""
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		if !slices.Contains(c.known, n.Value) {
			problem = fmt.Sprintf("no record of the topic has a field %.60q%s", n.Value, catalogue.Suggest(n.Value, c.known))
		}
	case *ast.BinaryNode:
		if n.Operator == ".." {
			problem = "a range (..) is not for conditions"
		}
	case *ast.PredicateNode:
		if nests(n) {
			problem = "any, all and none are not for within another's condition"
		}
	case *ast.BuiltinNode:
		if !slices.Contains(functions, n.Name) {
			problem = fmt.Sprintf("%.60q is none of the functions %s", n.Name, strings.Join(functions, ", "))
		}
	case *ast.VariableDeclaratorNode:
		c.problem = "let is not for conditions"
	}
	if c.problem == "" {
		c.problem = problem
	}
}

// nests tells whether a condition on the elements of a list has one on those of a list within it: each multiplies what it takes.
func nests(p *ast.PredicateNode) bool {
	inner := &predicates{}
	ast.Walk(&p.Node, inner)
	return inner.found
}

// predicates looks for conditions on the elements of a list.
type predicates struct{ found bool }

// Visit looks at one part of the condition.
func (p *predicates) Visit(node *ast.Node) {
	_, is := (*node).(*ast.PredicateNode)
	p.found = p.found || is
}

// inOneLine is an error of the library without the picture that it draws.
func inOneLine(err error) error {
	if drawn, ok := err.(*file.Error); ok {
		return fmt.Errorf("%.200s, at column %d", drawn.Message, drawn.Column+1)
	}
	return fmt.Errorf("%.200s", strings.ReplaceAll(err.Error(), "\n", " "))
}

// fieldsOf are the names of the fields of all records of a topic.
func fieldsOf(topic *topology.Spec) (names []string) {
	type record struct {
		Fields []struct{ Name string }
	}
	var records []record
	if err := json.Unmarshal([]byte(topic.Schema), &records); err != nil {
		var one record
		if json.Unmarshal([]byte(topic.Schema), &one) == nil {
			records = []record{one}
		}
	}
	for _, r := range records {
		for _, f := range r.Fields {
			names = append(names, f.Name)
		}
	}
	return names
}
