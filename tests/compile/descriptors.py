#!/usr/bin/env python3
"""Prints as JSON what an installed package xds-protos knows: the messages with their fields, and the enumerations.

Run it with a Python that has protobuf; the package is read and not imported, since modules that an old protoc made
do not load beside a new protobuf. {"messages": {name: {field: {"message"|"enum"|"map": type, "deprecated": true}}},
"enums": {name: {value: deprecated}}}; a scalar field is {}.
"""
import ast
import json
import pathlib
import sys

from google.protobuf import descriptor_pb2

_Field = descriptor_pb2.FieldDescriptorProto


def serialized_files(module):
    """The serialized FileDescriptorProto that a generated module registers, in each of the forms that protoc had."""
    for node in ast.walk(ast.parse(module.read_bytes())):
        if not isinstance(node, ast.Call):
            continue
        called = getattr(node.func, "attr", "")
        given = node.args if called == "AddSerializedFile" else [
            word.value for word in node.keywords if called == "FileDescriptor" and word.arg == "serialized_pb"]
        yield from (value.value for value in given if isinstance(value, ast.Constant))


class Types:
    def __init__(self):
        self.messages, self.enums, self._entries = {}, {}, {}

    def add_file(self, file):
        for message in file.message_type:
            self._add_message(file.package, message)
        for enum in file.enum_type:
            self._add_enum(file.package, enum)

    def _add_message(self, scope, message):
        name = f"{scope}.{message.name}"
        if message.options.map_entry:
            self._entries[name] = next(field for field in message.field if field.name == "value")
        self.messages[name] = {field.name: field for field in message.field}
        for nested in message.nested_type:
            self._add_message(name, nested)
        for enum in message.enum_type:
            self._add_enum(name, enum)

    def _add_enum(self, scope, enum):
        self.enums[f"{scope}.{enum.name}"] = {value.name: value.options.deprecated for value in enum.value}

    def _describe(self, field):
        described = {}
        name = field.type_name.removeprefix(".")
        if name in self._entries:
            value = self._entries[name]
            described["map"] = value.type_name.removeprefix(".") if value.type == _Field.TYPE_MESSAGE else ""
        elif field.type == _Field.TYPE_MESSAGE:
            described["message"] = name
        elif field.type == _Field.TYPE_ENUM:
            described["enum"] = name
        if field.options.deprecated:
            described["deprecated"] = True
        return described

    def to_json(self):
        messages = {name: {field: self._describe(value) for field, value in fields.items()}
                    for name, fields in self.messages.items() if name not in self._entries}
        return json.dumps({"messages": messages, "enums": self.enums})


def main():
    environment = pathlib.Path(sys.argv[1])
    types = Types()
    for package in ("envoy", "xds", "udpa"):
        for module in environment.glob(f"lib/python3*/site-packages/{package}/**/*_pb2.py"):
            for serialized in serialized_files(module):
                types.add_file(descriptor_pb2.FileDescriptorProto.FromString(serialized))
    print(types.to_json())


if __name__ == "__main__":
    main()
