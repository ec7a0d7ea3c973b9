#pragma once

#include <google/protobuf/message.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "frontend/unit_of_work.h"
#include "model/resource.h"

namespace chancery::frontend {

// The memory of client tokens (contract/api.md §3.6): the same operation, target, token and request
// within the day gives the first answer again, with its transaction; another request with that
// token is a conflict. What is compared is the parsed request, so neither white space nor the order
// of members matters.
class Idempotency {
 public:
  static constexpr int64_t kRetentionMs = int64_t{24} * 3600 * 1000;

  // `input` without a client token is never remembered.
  Idempotency(std::string_view account, std::string_view operation, const model::ResourceKey& target,
              const google::protobuf::Message& input);

  // The remembered outcome, or nothing; the read is a precondition of `work`. kConflict when the
  // token was used for another request.
  base::Result<std::optional<Outcome>> Recall(UnitOfWork& work) const;
  // Writes the answer into the commit that it belongs to. A signature that holds for longer than the day (presigned, up
  // to 7 days) keeps it until then, for as long the request can be replayed.
  void Remember(UnitOfWork& work, std::string_view answer, int64_t replayable_until_ms) const;

 private:
  std::string key_;  // empty without a token
  std::string token_;
  std::string request_hash_;
};

// Deletes expired records among the next 1,000 behind `after` (empty: from the start). Gives where
// to go on, or "" at the end. Called every now and then by the application. It is one commit: when one
// of the records is replaced at this moment, all of them stay for the next round.
base::Result<std::string> PruneIdempotency(store::Store& store, int64_t now_ms, std::string_view after);

}  // namespace chancery::frontend
