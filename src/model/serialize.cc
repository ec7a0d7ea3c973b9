#include "model/serialize.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "base/check.h"

namespace chancery::model {

std::string SerializeSorted(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream out(&stream);
  out.SetSerializationDeterministic(true);
  CHANCERY_CHECK(message.SerializeToCodedStream(&out));
  out.Trim();
  return bytes;
}

}  // namespace chancery::model
