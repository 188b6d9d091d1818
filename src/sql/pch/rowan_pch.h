// Precompiled: the same headers as base.
#include "base/pch/rowan_pch.h"
