// What COPY FROM is handed: text, perhaps compressed with gzip. Everything else that a file may be
// by its first bytes is refused by name, before a row is read.
//
// Threads: one. Errors: those of the source; kFeatureNotSupported, kBadCopyFormat (damaged gzip).
#pragma once

#include <memory>

#include "base/result.h"
#include "exec/copy.h"

namespace rowan::exec {

class CopyInput {
 public:
  // Reads the first bytes. `source` must outlive the input.
  static Result<CopyInput> open(const ByteSource& source);

  // Whether open() would come to an end with these first bytes, of which `ended` says that they are all.
  static Result<bool> knows(std::string_view head, bool ended);

  const ByteSource& source() const { return plain_; }
  bool compressed() const { return compressed_; }

 private:
  ByteSource plain_;
  bool compressed_ = false;
};

}  // namespace rowan::exec
