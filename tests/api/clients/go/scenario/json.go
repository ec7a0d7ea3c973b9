package scenario

import (
	"reflect"
	"strings"
	"time"
)

var timeType = reflect.TypeFor[time.Time]()

// ToJSON gives an SDK's output with the API's own names, without what is not set. The SDKs' structs have
// the API's members with a capital letter, so a name needs that letter changed and nothing else. A union
// is an interface in SDK v2, held by a type named …Member<Name>.
func ToJSON(value reflect.Value) any {
	switch {
	case value.Type() == timeType:
		return float64(value.Interface().(time.Time).UnixMicro()) / 1e6
	case value.Kind() == reflect.Pointer || value.Kind() == reflect.Interface:
		if value.IsNil() {
			return nil
		}
		return ToJSON(value.Elem())
	case value.Kind() == reflect.Slice:
		return listToJSON(value)
	case value.Kind() == reflect.Struct:
		if _, member, isUnion := strings.Cut(value.Type().Name(), "Member"); isUnion && value.NumField() > 0 &&
			value.Type().Field(0).Name == "Value" {
			return map[string]any{lowerFirst(member): ToJSON(value.Field(0))}
		}
		return structToJSON(value)
	case value.Kind() == reflect.String && value.Len() == 0 && value.Type().PkgPath() != "":
		return nil // an enumeration of SDK v2 that is not set
	}
	return value.Interface()
}

func listToJSON(list reflect.Value) any {
	if list.IsNil() {
		return nil
	}
	items := make([]any, list.Len())
	for i := range items {
		items[i] = ToJSON(list.Index(i))
	}
	return items
}

func structToJSON(value reflect.Value) any {
	members := map[string]any{}
	for i := range value.NumField() {
		field := value.Type().Field(i)
		if !field.IsExported() || field.Name == "ResultMetadata" {
			continue
		}
		if member := ToJSON(value.Field(i)); member != nil {
			members[lowerFirst(field.Name)] = member
		}
	}
	return members
}

func lowerFirst(name string) string {
	return strings.ToLower(name[:1]) + name[1:]
}
