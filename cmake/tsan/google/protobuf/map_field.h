#pragma once

// For ThreadSanitizer builds only, and found before the real header: protobuf's own has two more
// members in MapFieldBase under this macro, and the system's libprotobuf, built without it, has not.
// Messages that live in that library and hold a map (google.protobuf.Struct) would be read at wrong
// offsets, which ends in a crash.
#pragma push_macro("__SANITIZE_THREAD__")
#undef __SANITIZE_THREAD__
#include_next <google/protobuf/map_field.h>
#pragma pop_macro("__SANITIZE_THREAD__")
