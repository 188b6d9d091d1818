// The indexes behind UNIQUE constraints are derived/index.h's.
#pragma once

#include "derived/index.h"
