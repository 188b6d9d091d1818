#include "type/datetime_words.h"

#include <algorithm>
#include <array>
#include <span>

namespace rowan::type {

namespace {

struct Entry {
  std::string_view word;
  WordKind kind;
  int value;
};

constexpr int of(DateUnit unit) { return static_cast<int>(unit); }
constexpr int of(NamedDay day) { return static_cast<int>(day); }

constexpr std::array kWords = {
    Entry{"january", WordKind::kMonth, 1},
    Entry{"jan", WordKind::kMonth, 1},
    Entry{"february", WordKind::kMonth, 2},
    Entry{"feb", WordKind::kMonth, 2},
    Entry{"march", WordKind::kMonth, 3},
    Entry{"mar", WordKind::kMonth, 3},
    Entry{"april", WordKind::kMonth, 4},
    Entry{"apr", WordKind::kMonth, 4},
    Entry{"may", WordKind::kMonth, 5},
    Entry{"june", WordKind::kMonth, 6},
    Entry{"jun", WordKind::kMonth, 6},
    Entry{"july", WordKind::kMonth, 7},
    Entry{"jul", WordKind::kMonth, 7},
    Entry{"august", WordKind::kMonth, 8},
    Entry{"aug", WordKind::kMonth, 8},
    Entry{"september", WordKind::kMonth, 9},
    Entry{"sept", WordKind::kMonth, 9},
    Entry{"sep", WordKind::kMonth, 9},
    Entry{"october", WordKind::kMonth, 10},
    Entry{"oct", WordKind::kMonth, 10},
    Entry{"november", WordKind::kMonth, 11},
    Entry{"nov", WordKind::kMonth, 11},
    Entry{"december", WordKind::kMonth, 12},
    Entry{"dec", WordKind::kMonth, 12},
    Entry{"sunday", WordKind::kWeekday, 0},
    Entry{"sun", WordKind::kWeekday, 0},
    Entry{"monday", WordKind::kWeekday, 1},
    Entry{"mon", WordKind::kWeekday, 1},
    Entry{"tuesday", WordKind::kWeekday, 2},
    Entry{"tues", WordKind::kWeekday, 2},
    Entry{"tue", WordKind::kWeekday, 2},
    Entry{"wednesday", WordKind::kWeekday, 3},
    Entry{"weds", WordKind::kWeekday, 3},
    Entry{"wed", WordKind::kWeekday, 3},
    Entry{"thursday", WordKind::kWeekday, 4},
    Entry{"thurs", WordKind::kWeekday, 4},
    Entry{"thur", WordKind::kWeekday, 4},
    Entry{"thu", WordKind::kWeekday, 4},
    Entry{"friday", WordKind::kWeekday, 5},
    Entry{"fri", WordKind::kWeekday, 5},
    Entry{"saturday", WordKind::kWeekday, 6},
    Entry{"sat", WordKind::kWeekday, 6},
    Entry{"at", WordKind::kIgnored, 0},
    Entry{"on", WordKind::kIgnored, 0},
    Entry{"ad", WordKind::kEra, 0},
    Entry{"bc", WordKind::kEra, 1},
    Entry{"am", WordKind::kHalfDay, 0},
    Entry{"pm", WordKind::kHalfDay, 1},
    Entry{"dst", WordKind::kDaylight, 0},
    Entry{"t", WordKind::kTimeMark, of(DateUnit::kTime)},
    Entry{"y", WordKind::kUnit, of(DateUnit::kYear)},
    Entry{"m", WordKind::kUnit, of(DateUnit::kMonth)},
    Entry{"d", WordKind::kUnit, of(DateUnit::kDay)},
    Entry{"h", WordKind::kUnit, of(DateUnit::kHour)},
    Entry{"mm", WordKind::kUnit, of(DateUnit::kMinute)},
    Entry{"s", WordKind::kUnit, of(DateUnit::kSecond)},
    Entry{"j", WordKind::kUnit, of(DateUnit::kJulianDay)},
    Entry{"jd", WordKind::kUnit, of(DateUnit::kJulianDay)},
    Entry{"julian", WordKind::kUnit, of(DateUnit::kJulianDay)},
    Entry{"dow", WordKind::kUnit, of(DateUnit::kOther)},
    Entry{"doy", WordKind::kUnit, of(DateUnit::kOther)},
    Entry{"isodow", WordKind::kUnit, of(DateUnit::kOther)},
    Entry{"isoyear", WordKind::kUnit, of(DateUnit::kOther)},
    Entry{"now", WordKind::kNamedDay, of(NamedDay::kNow)},
    Entry{"today", WordKind::kNamedDay, of(NamedDay::kToday)},
    Entry{"tomorrow", WordKind::kNamedDay, of(NamedDay::kTomorrow)},
    Entry{"yesterday", WordKind::kNamedDay, of(NamedDay::kYesterday)},
    Entry{"allballs", WordKind::kNamedDay, of(NamedDay::kMidnight)},
    Entry{"epoch", WordKind::kNamedDay, of(NamedDay::kEpoch)},
    Entry{"infinity", WordKind::kNamedDay, of(NamedDay::kEnd)},
    Entry{"-infinity", WordKind::kNamedDay, of(NamedDay::kBeginning)},
};

struct ZoneEntry {
  std::string_view word;
  int minutes;  // East of Greenwich.
  bool daylight;
};

constexpr int kMoved = 24 * 60;  // Depends on the date.
constexpr ZoneEntry kZones[] = {
    {"acdt", 630, true}, {"acsst", 630, true}, {"acst", 570, false}, {"act", -300, false},
    {"acwst", 525, false}, {"adt", -180, true}, {"aedt", 660, true}, {"aesst", 660, true},
    {"aest", 600, false}, {"aft", 270, false}, {"akdt", -480, true}, {"akst", -540, false},
    {"almst", 420, true}, {"almt", 360, false}, {"amst", kMoved, false}, {"amt", -240, false},
    {"anast", kMoved, false}, {"anat", kMoved, false}, {"arst", kMoved, false},
    {"art", kMoved, false}, {"ast", -240, false}, {"awsst", 540, true}, {"awst", 480, false},
    {"azost", 0, true}, {"azot", -60, false}, {"azst", kMoved, false}, {"azt", kMoved, false},
    {"bdst", 120, true}, {"bdt", 360, false}, {"bnt", 480, false}, {"bort", 480, false},
    {"bot", -240, false}, {"bra", -180, false}, {"brst", -120, true}, {"brt", -180, false},
    {"bst", 60, true}, {"btt", 360, false}, {"cadt", 630, true}, {"cast", 570, false},
    {"cct", 480, false}, {"cdt", -300, true}, {"cest", 120, true}, {"cet", 60, false},
    {"cetdst", 120, true}, {"chadt", 825, true}, {"chast", 765, false}, {"chut", 600, false},
    {"ckt", kMoved, false}, {"clst", -180, true}, {"clt", kMoved, false}, {"cot", -300, false},
    {"cst", -360, false}, {"cxt", 420, false}, {"davt", kMoved, false}, {"ddut", 600, false},
    {"easst", kMoved, false}, {"east", kMoved, false}, {"eat", 180, false}, {"edt", -240, true},
    {"eest", 180, true}, {"eet", 120, false}, {"eetdst", 180, true}, {"egst", 0, true},
    {"egt", -60, false}, {"est", -300, false}, {"fet", 180, false}, {"fjst", 780, true},
    {"fjt", 720, false}, {"fkst", kMoved, false}, {"fkt", kMoved, false}, {"fnst", -60, true},
    {"fnt", -120, false}, {"galt", -360, false}, {"gamt", -540, false}, {"gest", kMoved, false},
    {"get", kMoved, false}, {"gft", -180, false}, {"gilt", 720, false}, {"gmt", 0, false},
    {"gyt", kMoved, false}, {"hkt", 480, false}, {"hst", -600, false}, {"ict", 420, false},
    {"idt", 180, true}, {"iot", kMoved, false}, {"irkst", kMoved, false}, {"irkt", kMoved, false},
    {"irt", 210, false}, {"ist", 120, false}, {"jayt", 540, false}, {"jst", 540, false},
    {"kdt", 600, true}, {"kgst", 360, true}, {"kgt", kMoved, false}, {"kost", kMoved, false},
    {"krast", kMoved, false}, {"krat", kMoved, false}, {"kst", 540, false},
    {"lhdt", kMoved, false}, {"lhst", 630, false}, {"ligt", 600, false}, {"lint", kMoved, false},
    {"lkt", kMoved, false}, {"magst", kMoved, false}, {"magt", kMoved, false},
    {"mart", -570, false}, {"mawt", kMoved, false}, {"mdt", -360, true}, {"mest", 120, true},
    {"mesz", 120, true}, {"met", 60, false}, {"metdst", 120, true}, {"mez", 60, false},
    {"mht", 720, false}, {"mmt", 390, false}, {"mpt", 600, false}, {"msd", 240, true},
    {"msk", kMoved, false}, {"mst", -420, false}, {"must", 300, true}, {"mut", 240, false},
    {"mvt", 300, false}, {"myt", 480, false}, {"ndt", -150, true}, {"nft", -210, false},
    {"novst", kMoved, false}, {"novt", kMoved, false}, {"npt", 345, false}, {"nst", -210, false},
    {"nut", kMoved, false}, {"nzdt", 780, true}, {"nzst", 720, false}, {"nzt", 720, false},
    {"omsst", kMoved, false}, {"omst", kMoved, false}, {"pdt", -420, true}, {"pet", -300, false},
    {"petst", kMoved, false}, {"pett", kMoved, false}, {"pgt", 600, false}, {"pht", 480, false},
    {"pkst", 360, true}, {"pkt", 300, false}, {"pmdt", -120, true}, {"pmst", -180, false},
    {"pont", 660, false}, {"pst", -480, false}, {"pwt", 540, false}, {"pyst", -180, true},
    {"pyt", kMoved, false}, {"ret", 240, false}, {"sadt", 630, true}, {"sast", 120, false},
    {"sct", 240, false}, {"sgt", kMoved, false}, {"taht", -600, false}, {"tft", 300, false},
    {"tjt", 300, false}, {"tkt", kMoved, false}, {"tmt", kMoved, false}, {"tot", 780, false},
    {"trut", 600, false}, {"tvt", 720, false}, {"uct", 0, false}, {"ulast", 540, true},
    {"ulat", kMoved, false}, {"ut", 0, false}, {"utc", 0, false}, {"uyst", -120, true},
    {"uyt", -180, false}, {"uzst", 360, true}, {"uzt", 300, false}, {"vet", kMoved, false},
    {"vlast", kMoved, false}, {"vlat", kMoved, false}, {"volt", kMoved, false},
    {"vut", 660, false}, {"wadt", 480, true}, {"wakt", 720, false}, {"wast", 420, false},
    {"wat", 60, false}, {"wdt", 540, true}, {"wet", 0, false}, {"wetdst", 60, true},
    {"wft", 720, false}, {"wgst", -120, true}, {"wgt", -180, false}, {"xjt", 360, false},
    {"yakst", kMoved, false}, {"yakt", kMoved, false}, {"yapt", 600, false}, {"yekst", 360, true},
    {"yekt", kMoved, false}, {"z", 0, false}, {"zulu", 0, false},
};

constexpr std::string_view kUtcNames[] = {"etc/gmt",    "etc/gmt+0",     "etc/gmt-0", "etc/gmt0",
                                          "etc/uct",    "etc/utc",       "etc/zulu",  "gmt+0",
                                          "gmt-0",      "gmt0",          "greenwich", "universal",
                                          "etc/greenwich", "etc/universal"};

constexpr std::string_view kZoneNames[] = {
    "cuba",  "egypt",     "eire",  "factory", "gb",     "hongkong", "iceland",  "iran",
    "israel", "jamaica",  "japan", "kwajalein", "libya", "localtime", "navajo", "nz",
    "poland", "portugal", "posixrules", "prc", "roc",   "rok",      "singapore", "turkey"};

bool is_in(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Word find_date_word(std::string_view word) {
  for (const Entry& entry : kWords) {
    if (entry.word == word) {
      return {entry.kind, entry.value};
    }
  }
  return {};
}

Word find_zone_abbreviation(std::string_view word) {
  for (const ZoneEntry& zone : kZones) {
    if (zone.word == word) {
      return {zone.minutes == kMoved ? WordKind::kMovedZone
              : zone.daylight        ? WordKind::kDaylightZone
                                     : WordKind::kZone,
              zone.minutes};
    }
  }
  return {};
}

bool is_utc_name(std::string_view name) { return is_in(kUtcNames, name); }
bool is_zone_name(std::string_view word) { return is_in(kZoneNames, word); }

}  // namespace rowan::type
