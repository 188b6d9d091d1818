// The read side of a libgit2 object database over the journal. libgit2 calls it with the odb's own
// lock held, so nothing here goes back into an odb; one backend belongs to one odb, and the index
// behind it serves any number of threads.
#include <git2.h>
#include <git2/sys/odb_backend.h>

#include <cstring>
#include <memory>

#include "store/git_store_impl.h"

namespace rowan::store {

namespace {

struct JournalBackend : git_odb_backend {
  const GitStore* store = nullptr;
};

const JournalIndex& index_of(git_odb_backend* backend) {
  return static_cast<JournalBackend*>(backend)->store->journal_index();
}

git_object_t git_type(ObjectType type) { return static_cast<git_object_t>(type); }
static_assert(static_cast<int>(ObjectType::kCommit) == GIT_OBJECT_COMMIT);
static_assert(static_cast<int>(ObjectType::kTree) == GIT_OBJECT_TREE);
static_assert(static_cast<int>(ObjectType::kBlob) == GIT_OBJECT_BLOB);
static_assert(static_cast<int>(ObjectType::kTag) == GIT_OBJECT_TAG);

int read(void** data, size_t* bytes, git_object_t* type, git_odb_backend* backend,
         const git_oid* id) {
  const auto object = index_of(backend).find(Oid::from_raw(id->id));
  if (!object) return GIT_ENOTFOUND;
  // libgit2 expects a NUL behind the bytes.
  char* copy = static_cast<char*>(git_odb_backend_data_alloc(backend, object->bytes.size() + 1));
  if (copy == nullptr) return -1;
  std::memcpy(copy, object->bytes.data(), object->bytes.size());
  copy[object->bytes.size()] = '\0';
  *data = copy;
  *bytes = object->bytes.size();
  *type = git_type(object->type);
  return 0;
}

int read_header(size_t* bytes, git_object_t* type, git_odb_backend* backend, const git_oid* id) {
  const auto object = index_of(backend).find(Oid::from_raw(id->id));
  if (!object) return GIT_ENOTFOUND;
  *bytes = object->bytes.size();
  *type = git_type(object->type);
  return 0;
}

int exists(git_odb_backend* backend, const git_oid* id) {
  return index_of(backend).contains(Oid::from_raw(id->id)) ? 1 : 0;
}

int exists_prefix(git_oid* full, git_odb_backend* backend, const git_oid* prefix, size_t digits) {
  const std::string hex = Oid::from_raw(prefix->id).hex().substr(0, digits);
  std::vector<Oid> found;
  index_of(backend).find_prefix(hex, found);
  if (found.empty()) return GIT_ENOTFOUND;
  if (found.size() > 1) return GIT_EAMBIGUOUS;
  git_oid_fromraw(full, found.front().bytes.data());
  return 0;
}

int read_prefix(git_oid* full, void** data, size_t* bytes, git_object_t* type,
                git_odb_backend* backend, const git_oid* prefix, size_t digits) {
  const int rc = exists_prefix(full, backend, prefix, digits);
  return rc != 0 ? rc : read(data, bytes, type, backend, full);
}

int for_each(git_odb_backend* backend, git_odb_foreach_cb callback, void* payload) {
  for (const Oid& id : index_of(backend).ids()) {
    git_oid raw;
    git_oid_fromraw(&raw, id.bytes.data());
    if (const int rc = callback(&raw, payload); rc != 0) return rc;
  }
  return 0;
}

void free_backend(git_odb_backend* backend) { delete static_cast<JournalBackend*>(backend); }

}  // namespace

git_odb_backend* make_journal_backend(const ObjectStore& store) {
  const auto* git_store = dynamic_cast<const GitStore*>(&store);
  if (git_store == nullptr) return nullptr;
  auto backend = std::make_unique<JournalBackend>();
  if (git_odb_init_backend(backend.get(), GIT_ODB_BACKEND_VERSION) != 0) return nullptr;
  backend->read = read;
  backend->read_prefix = read_prefix;
  backend->read_header = read_header;
  backend->exists = exists;
  backend->exists_prefix = exists_prefix;
  backend->foreach = for_each;
  backend->free = free_backend;
  backend->store = git_store;
  return backend.release();
}

}  // namespace rowan::store
