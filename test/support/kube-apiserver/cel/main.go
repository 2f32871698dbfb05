// Command cel says what Kubernetes' own evaluator of x-kubernetes-validations makes of a schema and an object: it records the
// expectations in test/fixtures/cel. One JSON object {"schema", "object", "old"} a line in, one {"errors", "rules"} a line out:
//
//	go run ./cel < cases.jsonl
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"log"
	"os"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"
	"k8s.io/apiserver/pkg/cel/environment"
)

type question struct {
	Schema apiextensionsv1.JSONSchemaProps `json:"schema"`
	Object json.RawMessage                 `json:"object"`
	Old    json.RawMessage                 `json:"old"`
}

// rule is what compiling one rule of the root gives.
type rule struct {
	Compile        string `json:"compile,omitempty"`
	MessageCompile string `json:"messageCompile,omitempty"`
	MaxCost        uint64 `json:"maxCost"`
	MaxCardinality uint64 `json:"maxCardinality"`
}

type answer struct {
	Errors []string `json:"errors"`
	Rules  []rule   `json:"rules,omitempty"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<26)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		result, err := ask(lines.Bytes())
		if err != nil {
			log.Fatal(err)
		}
		if err := out.Encode(result); err != nil {
			log.Fatal(err)
		}
	}
}

func ask(line []byte) (answer, error) {
	var q question
	if err := json.Unmarshal(line, &q); err != nil {
		return answer{}, err
	}
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(&q.Schema, &internal, nil); err != nil {
		return answer{}, err
	}
	schema, err := structuralschema.NewStructural(&internal)
	if err != nil {
		return answer{}, err
	}
	result := answer{Errors: []string{}}
	env := environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion(), true)
	compiled, err := cel.Compile(schema, model.SchemaDeclType(schema, true), celconfig.PerCallLimit, env, cel.NewExpressionsEnvLoader())
	if err != nil {
		return answer{}, err
	}
	for _, each := range compiled {
		r := rule{MaxCost: each.MaxCost, MaxCardinality: each.MaxCardinality}
		if each.Error != nil {
			r.Compile = each.Error.Detail
		}
		if each.MessageExpressionError != nil {
			r.MessageCompile = each.MessageExpressionError.Detail
		}
		result.Rules = append(result.Rules, r)
	}
	validator := cel.NewValidator(schema, true, celconfig.PerCallLimit)
	if len(q.Object) == 0 || validator == nil {
		return result, nil
	}
	var object, old any
	if err := utiljson.Unmarshal(q.Object, &object); err != nil {
		return answer{}, err
	}
	var options []cel.Option
	if len(q.Old) > 0 {
		if err := utiljson.Unmarshal(q.Old, &old); err != nil {
			return answer{}, err
		}
		options = append(options, cel.WithRatcheting(common.NewCorrelatedObject(object, old, &model.Structural{Structural: schema})))
	}
	found, _ := validator.Validate(context.Background(), nil, schema, object, old, celconfig.RuntimeCELCostBudget, options...)
	for _, each := range found {
		result.Errors = append(result.Errors, each.Error())
	}
	return result, nil
}
