// Command strict-decode reads manifests (YAML) from standard input as a Kubernetes API server reads them with strict
// field validation: a field that the kind does not have, one that is there twice, or a value of the wrong type is an
// error. It prints one line for each object, KIND/NAME, in the order they came; kinds that Kubernetes itself does not
// have are named with a question mark, because nothing here knows their fields.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
)

func main() {
	if err := decodeAll(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "strict-decode:", err)
		os.Exit(1)
	}
}

func decodeAll(from io.Reader, to io.Writer) error {
	if err := apiextensions.AddToScheme(scheme.Scheme); err != nil {
		return err
	}
	options := json.SerializerOptions{Yaml: true, Strict: true}
	strict := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme.Scheme, scheme.Scheme, options)
	documents := yaml.NewYAMLReader(bufio.NewReader(from))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		line, err := decode(strict, document)
		if err != nil {
			return err
		}
		if line != "" {
			fmt.Fprintln(to, line)
		}
	}
}

func decode(strict runtime.Decoder, document []byte) (string, error) {
	var fields unstructured.Unstructured
	if err := yaml.Unmarshal(document, &fields.Object); err != nil {
		return "", err
	}
	if len(fields.Object) == 0 { // nothing but comments
		return "", nil
	}
	name := fields.GetKind() + "/" + fields.GetName()
	object, _, err := strict.Decode(document, nil, nil)
	if runtime.IsNotRegisteredError(err) {
		return name + "?", nil
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	if _, err := meta.Accessor(object); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return name, nil
}
