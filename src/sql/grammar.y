// The grammar of Rowan's SQL, compiled by lemon. Precedence and word classes are PostgreSQL 15's.
//
// An action is one call to the Builder. Semantic values are plain pointers and small plain structs, since the generated parser
// keeps them in a union. The tables are not compressed (lemon -c): a default reduction would hide that a word is a keyword in
// some place and let it fall back to an identifier.
//
// Pairs of words that need a second word of lookahead arrive fused from the token stream (parser.cc): NOT_LA is NOT before
// BETWEEN, IN, LIKE, ILIKE, SIMILAR; NULLS_LA is NULLS before FIRST or LAST; AS_OF, FOR_SYSTEM_TIME, DOUBLE_PRECISION,
// CHAR_VARYING, WITH_TIME_ZONE, WITHOUT_TIME_ZONE, AT_TIME_ZONE, DROPPED_SLOT; INDEX_LA is INDEX before a name and a list of
// columns inside CREATE TABLE, MERGE_RULE is MERGE RULE inside CREATE TABLE and ALTER TABLE.

%include {
#include "sql/builder.h"
#define YYNOERRORRECOVERY 1
#define RowanSqlParse_ENGINEALWAYSONSTACK 1
}
%name RowanSqlParse
%token_prefix TK_
%token_type {rowan::sql::Token}
%extra_context {rowan::sql::Builder* b}
%stack_size 20000
%stack_overflow { b->stack_overflow(); }
%syntax_error { b->syntax_error(yymajor, yyminor); }

%left UNION EXCEPT.
%left INTERSECT.
%left OR.
%left AND.
%right NOT.
%nonassoc IS ISNULL NOTNULL.
%nonassoc LT GT EQ LE GE NE.
%nonassoc BETWEEN IN LIKE ILIKE SIMILAR NOT_LA.
%nonassoc ESCAPE.
%nonassoc IDENT.
%left OP OPERATOR.
%left PLUS MINUS.
%left STAR SLASH PERCENT.
%left CARET.
%left AT_TIME_ZONE.
%left COLLATE.
%right UMINUS.
%left LBRACKET RBRACKET.
%left LP RP.
%left TYPECAST.
%left DOT.
%left JOIN CROSS LEFT FULL RIGHT INNER NATURAL.

%fallback IDENT
  ABORT ABSENT ABSOLUTE ACTION ADD ALTER ALWAYS ASENSITIVE AUTHOR BACKWARD BEGIN BLAME BRANCH BRANCHES BY CACHE CALL CASCADE CELLS CHARACTERISTICS
  CHECKOUT CHECKPOINT CHERRY CLOSE COMMIT COMMITTED CONFLICT CONFLICTS CONTINUE COPY CSV CURSOR CYCLE DATA DATABASE DATABASES
  DEALLOCATE DECLARE DEFERRED DELETE DELIMITER DESCRIBE DIFF DISCARD DROP DRY ESCAPE EVERY EXECUTE EXPLAIN FILTER FIRST FORCE FORWARD GENERATED GREP HARD
  HEADER HISTORY HOLD ID IDENTITY IF IMMEDIATE INCREMENT INDEX INDEXES INSENSITIVE INSERT ISOLATION KEEP KEY LAST LEVEL LOCAL LOG
  MATCH MATERIALIZED MAXVALUE MERGE MESSAGE MINVALUE MODIFY MOVE NAMES NEXT NO ONTO OPERATOR OVERRIDING OWNED PARENT PARTIAL PATH
  PICK POLICY PREPARE PRIOR PROTECT QUOTE READ REBASE RECURSIVE REFLOG REFRESH RELATIVE RELEASE RENAME REPEATABLE REPLACE RESET RESOLVE
  RESTART RESTORE RESTRICT REVERT ROLLBACK ROWS RUN SAVEPOINT SCHEMA SCROLL SEQUENCE SERIALIZABLE SESSION SET SHOW SIMPLE
  SINCE SLOT SNAPSHOT SQUASH START STAT STATUS STDIN STDOUT STORED SWITCH TABLES TAG TAGS TAKE TRANSACTION TRANSACTIONS
  TRUNCATE TYPE UNCOMMITTED UNKNOWN UNLOGGED UNPROTECT UNTIL UPDATE VACUUM VIEW VIEWS WITHOUT WORK WRITE ZONE.
%fallback TYPE_FUNC BINARY CONCURRENTLY FREEZE.
// Terminals that no rule uses: they only ever are errors, some with a message of their own.
%token UNKNOWN_CHARACTER RESERVED LATERAL WINDOW SEMICOLON.

%start_symbol input
input ::= statement(A). { b->accept(A); }
input ::= PARSE_EXPRESSION a_expr(A). { b->accept_expression(A); }

// ---- Names ----------------------------------------------------------------------------------------------------------

// PostgreSQL's ColId, type_function_name and ColLabel.
colid(A) ::= IDENT(B). { A = B; }
colid(A) ::= BETWEEN(B). { A = B; }
colid(A) ::= EXISTS(B). { A = B; }
colid(A) ::= EXTRACT(B). { A = B; }
colid(A) ::= INTERVAL(B). { A = B; }
colid(A) ::= OVERLAY(B). { A = B; }
colid(A) ::= POSITION(B). { A = B; }
colid(A) ::= ROW(B). { A = B; }
colid(A) ::= SUBSTRING(B). { A = B; }
colid(A) ::= TIME(B). { A = B; }
colid(A) ::= TIMESTAMP(B). { A = B; }
colid(A) ::= TRIM(B). { A = B; }
colid(A) ::= VALUES(B). { A = B; }
%type colid {rowan::sql::Token}
%type label {rowan::sql::Token}
label(A) ::= IDENT(B). { A = B; }
label(A) ::= BETWEEN(B). { A = B; }
label(A) ::= EXISTS(B). { A = B; }
label(A) ::= EXTRACT(B). { A = B; }
label(A) ::= INTERVAL(B). { A = B; }
label(A) ::= OVERLAY(B). { A = B; }
label(A) ::= POSITION(B). { A = B; }
label(A) ::= ROW(B). { A = B; }
label(A) ::= SUBSTRING(B). { A = B; }
label(A) ::= TIME(B). { A = B; }
label(A) ::= TIMESTAMP(B). { A = B; }
label(A) ::= TRIM(B). { A = B; }
label(A) ::= VALUES(B). { A = B; }
label(A) ::= TYPE_FUNC(B). { A = B; }
label(A) ::= CROSS(B). { A = B; }
label(A) ::= CURRENT_SCHEMA(B). { A = B; }
label(A) ::= FULL(B). { A = B; }
label(A) ::= ILIKE(B). { A = B; }
label(A) ::= INNER(B). { A = B; }
label(A) ::= IS(B). { A = B; }
label(A) ::= ISNULL(B). { A = B; }
label(A) ::= JOIN(B). { A = B; }
label(A) ::= LEFT(B). { A = B; }
label(A) ::= LIKE(B). { A = B; }
label(A) ::= NATURAL(B). { A = B; }
label(A) ::= NOTNULL(B). { A = B; }
label(A) ::= OUTER(B). { A = B; }
label(A) ::= RIGHT(B). { A = B; }
label(A) ::= SIMILAR(B). { A = B; }
label(A) ::= VERBOSE(B). { A = B; }
label(A) ::= RESERVED(B). { A = B; }
label(A) ::= ALL(B). { A = B; }
label(A) ::= ANALYZE(B). { A = B; }
label(A) ::= AND(B). { A = B; }
label(A) ::= ANY(B). { A = B; }
label(A) ::= ARRAY(B). { A = B; }
label(A) ::= AS(B). { A = B; }
label(A) ::= ASC(B). { A = B; }
label(A) ::= ASYMMETRIC(B). { A = B; }
label(A) ::= BOTH(B). { A = B; }
label(A) ::= CASE(B). { A = B; }
label(A) ::= CAST(B). { A = B; }
label(A) ::= CHECK(B). { A = B; }
label(A) ::= COLLATE(B). { A = B; }
label(A) ::= COLUMN(B). { A = B; }
label(A) ::= CONSTRAINT(B). { A = B; }
label(A) ::= CREATE(B). { A = B; }
label(A) ::= CURRENT_VALUE(B). { A = B; }
label(A) ::= CURRENT_TIME(B). { A = B; }
label(A) ::= DEFAULT(B). { A = B; }
label(A) ::= DEFERRABLE(B). { A = B; }
label(A) ::= DESC(B). { A = B; }
label(A) ::= DISTINCT(B). { A = B; }
label(A) ::= ELSE(B). { A = B; }
label(A) ::= END(B). { A = B; }
label(A) ::= EXCEPT(B). { A = B; }
label(A) ::= FALSE(B). { A = B; }
label(A) ::= FETCH(B). { A = B; }
label(A) ::= FOR(B). { A = B; }
label(A) ::= FOREIGN(B). { A = B; }
label(A) ::= FROM(B). { A = B; }
label(A) ::= GROUP(B). { A = B; }
label(A) ::= HAVING(B). { A = B; }
label(A) ::= IN(B). { A = B; }
label(A) ::= INITIALLY(B). { A = B; }
label(A) ::= INTERSECT(B). { A = B; }
label(A) ::= INTO(B). { A = B; }
label(A) ::= LATERAL(B). { A = B; }
label(A) ::= LEADING(B). { A = B; }
label(A) ::= LIMIT(B). { A = B; }
label(A) ::= NOT(B). { A = B; }
label(A) ::= NULL(B). { A = B; }
label(A) ::= OFFSET(B). { A = B; }
label(A) ::= ON(B). { A = B; }
label(A) ::= ONLY(B). { A = B; }
label(A) ::= OR(B). { A = B; }
label(A) ::= ORDER(B). { A = B; }
label(A) ::= PLACING(B). { A = B; }
label(A) ::= PRIMARY(B). { A = B; }
label(A) ::= REFERENCES(B). { A = B; }
label(A) ::= RETURNING(B). { A = B; }
label(A) ::= SELECT(B). { A = B; }
label(A) ::= SYMMETRIC(B). { A = B; }
label(A) ::= TABLE(B). { A = B; }
label(A) ::= THEN(B). { A = B; }
label(A) ::= TO(B). { A = B; }
label(A) ::= TRAILING(B). { A = B; }
label(A) ::= TRUE(B). { A = B; }
label(A) ::= UNION(B). { A = B; }
label(A) ::= UNIQUE(B). { A = B; }
label(A) ::= USING(B). { A = B; }
label(A) ::= WHEN(B). { A = B; }
label(A) ::= WHERE(B). { A = B; }
label(A) ::= WINDOW(B). { A = B; }
label(A) ::= WITH(B). { A = B; }
// A label that needs no AS.
%type bare_label {rowan::sql::Token}
bare_label(A) ::= IDENT(B). { A = B; }
bare_label(A) ::= EXISTS(B). { A = B; }
bare_label(A) ::= EXTRACT(B). { A = B; }
bare_label(A) ::= INTERVAL(B). { A = B; }
bare_label(A) ::= OVERLAY(B). { A = B; }
bare_label(A) ::= POSITION(B). { A = B; }
bare_label(A) ::= ROW(B). { A = B; }
bare_label(A) ::= SUBSTRING(B). { A = B; }
bare_label(A) ::= TIME(B). { A = B; }
bare_label(A) ::= TIMESTAMP(B). { A = B; }
bare_label(A) ::= TRIM(B). { A = B; }
bare_label(A) ::= VALUES(B). { A = B; }
bare_label(A) ::= ALL(B). { A = B; }
bare_label(A) ::= ANALYZE(B). { A = B; }
bare_label(A) ::= ANY(B). { A = B; }
bare_label(A) ::= ASC(B). { A = B; }
bare_label(A) ::= BOTH(B). { A = B; }
bare_label(A) ::= CASE(B). { A = B; }
bare_label(A) ::= CAST(B). { A = B; }
bare_label(A) ::= CHECK(B). { A = B; }
bare_label(A) ::= COLUMN(B). { A = B; }
bare_label(A) ::= CONSTRAINT(B). { A = B; }
bare_label(A) ::= CURRENT_VALUE(B). { A = B; }
bare_label(A) ::= CURRENT_TIME(B). { A = B; }
bare_label(A) ::= DEFAULT(B). { A = B; }
bare_label(A) ::= DESC(B). { A = B; }
bare_label(A) ::= DISTINCT(B). { A = B; }
bare_label(A) ::= ELSE(B). { A = B; }
bare_label(A) ::= END(B). { A = B; }
bare_label(A) ::= FALSE(B). { A = B; }
bare_label(A) ::= FOREIGN(B). { A = B; }
bare_label(A) ::= INITIALLY(B). { A = B; }
bare_label(A) ::= LEADING(B). { A = B; }
bare_label(A) ::= NULL(B). { A = B; }
bare_label(A) ::= ONLY(B). { A = B; }
bare_label(A) ::= PLACING(B). { A = B; }
bare_label(A) ::= PRIMARY(B). { A = B; }
bare_label(A) ::= REFERENCES(B). { A = B; }
bare_label(A) ::= SELECT(B). { A = B; }
bare_label(A) ::= TABLE(B). { A = B; }
bare_label(A) ::= THEN(B). { A = B; }
bare_label(A) ::= TRAILING(B). { A = B; }
bare_label(A) ::= TRUE(B). { A = B; }
bare_label(A) ::= UNIQUE(B). { A = B; }
bare_label(A) ::= USING(B). { A = B; }
bare_label(A) ::= WHEN(B). { A = B; }

%type name_list {rowan::sql::NameList*}
name_list(A) ::= colid(B). { A = b->start<std::string_view>(B.text()); }
name_list(A) ::= name_list(L) COMMA colid(B). { A = b->append(L, B.text()); }
%type name_list_opt {rowan::sql::NameList*}
name_list_opt(A) ::= . { A = nullptr; }
name_list_opt(A) ::= LP name_list(L) RP. { A = L; }

%type qualified_name {rowan::sql::QualifiedName*}
qualified_name(A) ::= colid(N). { A = b->qualified(N); }
qualified_name(A) ::= colid(S) DOT label(N). { A = b->qualified(S, N); }
qualified_name(A) ::= colid(C) DOT label(S) DOT label(N). { A = b->qualified(C, S, N); }
%type qualified_list {rowan::sql::QualifiedList*}
qualified_list(A) ::= qualified_name(N). { A = b->start(*N); }
qualified_list(A) ::= qualified_list(L) COMMA qualified_name(N). { A = b->append(L, *N); }

// ---- Types ----------------------------------------------------------------------------------------------------------

%type type_name {rowan::sql::TypeName*}
type_name(A) ::= simple_type(T) array_bounds(N). { A = b->array_type(T, N); }
%type array_bounds {int}
array_bounds(A) ::= . { A = 0; }
array_bounds(A) ::= array_bounds(N) LBRACKET RBRACKET. { A = N + 1; }
array_bounds(A) ::= array_bounds(N) LBRACKET INTEGER RBRACKET. { A = N + 1; }
%type simple_type {rowan::sql::TypeName*}
simple_type(A) ::= IDENT(T) type_modifiers(M). { A = b->type(T, M); }
simple_type(A) ::= TYPE_FUNC(T) type_modifiers(M). { A = b->type(T, M); }
simple_type(A) ::= IDENT(S) DOT label(T) type_modifiers(M). { A = b->qualified_type(S, T, M); }
simple_type(A) ::= DOUBLE_PRECISION(T). { A = b->type(T, nullptr); }
simple_type(A) ::= CHAR_VARYING(T) type_modifiers(M). { A = b->type(T, M); }
simple_type(A) ::= INTERVAL(T) type_modifiers(M). { A = b->type(T, M); }
simple_type(A) ::= INTERVAL(T) INTERVAL_FIELDS(F) type_modifiers(M). { A = b->interval_type(T, F, M); }
simple_type(A) ::= TIME(T) type_modifiers(M) time_zone(Z). { A = b->time_type(T, M, Z); }
simple_type(A) ::= TIMESTAMP(T) type_modifiers(M) time_zone(Z). { A = b->time_type(T, M, Z); }
%type time_zone {bool}
time_zone(A) ::= . { A = false; }
time_zone(A) ::= WITHOUT_TIME_ZONE. { A = false; }
time_zone(A) ::= WITH_TIME_ZONE. { A = true; }
%type type_modifiers {rowan::sql::ModifierList*}
type_modifiers(A) ::= . { A = nullptr; }
type_modifiers(A) ::= LP modifier_list(L) RP. { A = L; }
%type modifier_list {rowan::sql::ModifierList*}
modifier_list(A) ::= modifier(M). { A = b->start(M); }
modifier_list(A) ::= modifier_list(L) COMMA modifier(M). { A = b->append(L, M); }
%type modifier {int32_t}
modifier(A) ::= INTEGER(N). { A = b->modifier(N, false); }
modifier(A) ::= MINUS INTEGER(N). { A = b->modifier(N, true); }

// ---- Expressions ----------------------------------------------------------------------------------------------------

%type a_expr {rowan::sql::Expr*}
a_expr(A) ::= c_expr(E). { A = E; }
a_expr(A) ::= a_expr(E) TYPECAST(T) type_name(N). { A = b->cast(T, E, N); }
a_expr(A) ::= a_expr(E) COLLATE(T) qualified_name(N). { A = b->collate(T, E, N); }
a_expr(A) ::= a_expr(E) AT_TIME_ZONE(T) a_expr(Z). { A = b->call(T, "timezone", Z, E); }
a_expr(A) ::= PLUS(T) a_expr(E). [UMINUS] { A = b->unary(T, E); }
a_expr(A) ::= MINUS(T) a_expr(E). [UMINUS] { A = b->unary(T, E); }
a_expr(A) ::= a_expr(L) PLUS(T) a_expr(R). { A = b->binary(T, L, R); }
a_expr(A) ::= a_expr(L) MINUS(T) a_expr(R). { A = b->binary(T, L, R); }
a_expr(A) ::= a_expr(L) STAR(T) a_expr(R). { A = b->binary(T, L, R); }
a_expr(A) ::= a_expr(L) SLASH(T) a_expr(R). { A = b->binary(T, L, R); }
a_expr(A) ::= a_expr(L) PERCENT(T) a_expr(R). { A = b->binary(T, L, R); }
a_expr(A) ::= a_expr(L) CARET(T) a_expr(R). { A = b->binary(T, L, R); }
a_expr(A) ::= a_expr(L) LT(T) a_expr(R). { A = b->binary(T, L, R); }
a_expr(A) ::= a_expr(L) GT(T) a_expr(R). { A = b->binary(T, L, R); }
a_expr(A) ::= a_expr(L) EQ(T) a_expr(R). { A = b->binary(T, L, R); }
a_expr(A) ::= a_expr(L) LE(T) a_expr(R). { A = b->binary(T, L, R); }
a_expr(A) ::= a_expr(L) GE(T) a_expr(R). { A = b->binary(T, L, R); }
a_expr(A) ::= a_expr(L) NE(T) a_expr(R). { A = b->binary(T, L, R); }
a_expr(A) ::= a_expr(L) any_op(T) a_expr(R). [OP] { A = b->binary(T, L, R); }
a_expr(A) ::= any_op(T) a_expr(E). [OP] { A = b->unary(T, E); }
a_expr(A) ::= a_expr(L) AND(T) a_expr(R). { A = b->logical(T, L, R); }
a_expr(A) ::= a_expr(L) OR(T) a_expr(R). { A = b->logical(T, L, R); }
a_expr(A) ::= NOT(T) a_expr(E). { A = b->unary(T, E); }
a_expr(A) ::= a_expr(E) LIKE(T) a_expr(P). [LIKE] { A = b->like(T, E, P, nullptr, false); }
a_expr(A) ::= a_expr(E) ILIKE(T) a_expr(P). [LIKE] { A = b->like(T, E, P, nullptr, false); }
a_expr(A) ::= a_expr(E) LIKE(T) a_expr(P) ESCAPE a_expr(X). [LIKE] { A = b->like(T, E, P, X, false); }
a_expr(A) ::= a_expr(E) ILIKE(T) a_expr(P) ESCAPE a_expr(X). [LIKE] { A = b->like(T, E, P, X, false); }
a_expr(A) ::= a_expr(E) NOT_LA LIKE(T) a_expr(P). [NOT_LA] { A = b->like(T, E, P, nullptr, true); }
a_expr(A) ::= a_expr(E) NOT_LA ILIKE(T) a_expr(P). [NOT_LA] { A = b->like(T, E, P, nullptr, true); }
a_expr(A) ::= a_expr(E) NOT_LA LIKE(T) a_expr(P) ESCAPE a_expr(X). [NOT_LA] { A = b->like(T, E, P, X, true); }
a_expr(A) ::= a_expr(E) NOT_LA ILIKE(T) a_expr(P) ESCAPE a_expr(X). [NOT_LA] { A = b->like(T, E, P, X, true); }
a_expr(A) ::= a_expr(E) SIMILAR(T) TO a_expr(P). [SIMILAR] { A = b->like(T, E, P, nullptr, false); }
a_expr(A) ::= a_expr(E) SIMILAR(T) TO a_expr(P) ESCAPE a_expr(X). [SIMILAR] { A = b->like(T, E, P, X, false); }
a_expr(A) ::= a_expr(E) NOT_LA SIMILAR(T) TO a_expr(P). [NOT_LA] { A = b->like(T, E, P, nullptr, true); }
a_expr(A) ::= a_expr(E) NOT_LA SIMILAR(T) TO a_expr(P) ESCAPE a_expr(X). [NOT_LA] { A = b->like(T, E, P, X, true); }
a_expr(A) ::= a_expr(E) IS(T) NULL. [IS] { A = b->is_null(T, E, false); }
a_expr(A) ::= a_expr(E) ISNULL(T). { A = b->is_null(T, E, false); }
a_expr(A) ::= a_expr(E) IS(T) NOT NULL. [IS] { A = b->is_null(T, E, true); }
a_expr(A) ::= a_expr(E) NOTNULL(T). { A = b->is_null(T, E, true); }
a_expr(A) ::= a_expr(E) IS(T) TRUE(V). [IS] { A = b->is_bool(T, E, V, false); }
a_expr(A) ::= a_expr(E) IS(T) FALSE(V). [IS] { A = b->is_bool(T, E, V, false); }
a_expr(A) ::= a_expr(E) IS(T) UNKNOWN(V). [IS] { A = b->is_bool(T, E, V, false); }
a_expr(A) ::= a_expr(E) IS(T) NOT TRUE(V). [IS] { A = b->is_bool(T, E, V, true); }
a_expr(A) ::= a_expr(E) IS(T) NOT FALSE(V). [IS] { A = b->is_bool(T, E, V, true); }
a_expr(A) ::= a_expr(E) IS(T) NOT UNKNOWN(V). [IS] { A = b->is_bool(T, E, V, true); }
a_expr(A) ::= a_expr(L) IS(T) DISTINCT FROM a_expr(R). [IS] { A = b->is_distinct(T, L, R, false); }
a_expr(A) ::= a_expr(L) IS(T) NOT DISTINCT FROM a_expr(R). [IS] { A = b->is_distinct(T, L, R, true); }
a_expr(A) ::= a_expr(E) BETWEEN(T) symmetry(S) b_expr(L) AND a_expr(H). [BETWEEN] { A = b->between(T, E, L, H, S, false); }
a_expr(A) ::= a_expr(E) NOT_LA BETWEEN(T) symmetry(S) b_expr(L) AND a_expr(H). [NOT_LA] { A = b->between(T, E, L, H, S, true); }
a_expr(A) ::= a_expr(E) IN(T) select_with_parens(S). { A = b->in_select(T, E, S, false); }
a_expr(A) ::= a_expr(E) IN(T) LP expr_list(L) RP. { A = b->in_list(T, E, L, false); }
a_expr(A) ::= a_expr(E) NOT_LA IN(T) select_with_parens(S). [NOT_LA] { A = b->in_select(T, E, S, true); }
a_expr(A) ::= a_expr(E) NOT_LA IN(T) LP expr_list(L) RP. [NOT_LA] { A = b->in_list(T, E, L, true); }
a_expr(A) ::= a_expr(E) all_op(T) ANY(Q) select_with_parens(S). [OP] { A = b->quantified_select(T, E, Q, S); }
a_expr(A) ::= a_expr(E) all_op(T) ALL(Q) select_with_parens(S). [OP] { A = b->quantified_select(T, E, Q, S); }
a_expr(A) ::= a_expr(E) all_op(T) ANY(Q) LP a_expr(R) RP. [OP] { A = b->quantified_array(T, E, Q, R); }
a_expr(A) ::= a_expr(E) all_op(T) ALL(Q) LP a_expr(R) RP. [OP] { A = b->quantified_array(T, E, Q, R); }
a_expr(A) ::= a_expr(E) named_op(T) ANY(Q) select_with_parens(S). [OP] { A = b->quantified_select(T, E, Q, S); }
a_expr(A) ::= a_expr(E) named_op(T) ALL(Q) select_with_parens(S). [OP] { A = b->quantified_select(T, E, Q, S); }
a_expr(A) ::= a_expr(E) named_op(T) ANY(Q) LP a_expr(R) RP. [OP] { A = b->quantified_array(T, E, Q, R); }
a_expr(A) ::= a_expr(E) named_op(T) ALL(Q) LP a_expr(R) RP. [OP] { A = b->quantified_array(T, E, Q, R); }
a_expr(A) ::= DEFAULT(T). { A = b->default_value(T); }

%type symmetry {bool}
symmetry(A) ::= . { A = false; }
symmetry(A) ::= ASYMMETRIC. { A = false; }
symmetry(A) ::= SYMMETRIC. { A = true; }

// Expressions where AND, IN, IS NULL and the like would be ambiguous: BETWEEN's low bound, column defaults.
%type b_expr {rowan::sql::Expr*}
b_expr(A) ::= c_expr(E). { A = E; }
b_expr(A) ::= b_expr(E) TYPECAST(T) type_name(N). { A = b->cast(T, E, N); }
b_expr(A) ::= PLUS(T) b_expr(E). [UMINUS] { A = b->unary(T, E); }
b_expr(A) ::= MINUS(T) b_expr(E). [UMINUS] { A = b->unary(T, E); }
b_expr(A) ::= b_expr(L) PLUS(T) b_expr(R). { A = b->binary(T, L, R); }
b_expr(A) ::= b_expr(L) MINUS(T) b_expr(R). { A = b->binary(T, L, R); }
b_expr(A) ::= b_expr(L) STAR(T) b_expr(R). { A = b->binary(T, L, R); }
b_expr(A) ::= b_expr(L) SLASH(T) b_expr(R). { A = b->binary(T, L, R); }
b_expr(A) ::= b_expr(L) PERCENT(T) b_expr(R). { A = b->binary(T, L, R); }
b_expr(A) ::= b_expr(L) CARET(T) b_expr(R). { A = b->binary(T, L, R); }
b_expr(A) ::= b_expr(L) LT(T) b_expr(R). { A = b->binary(T, L, R); }
b_expr(A) ::= b_expr(L) GT(T) b_expr(R). { A = b->binary(T, L, R); }
b_expr(A) ::= b_expr(L) EQ(T) b_expr(R). { A = b->binary(T, L, R); }
b_expr(A) ::= b_expr(L) LE(T) b_expr(R). { A = b->binary(T, L, R); }
b_expr(A) ::= b_expr(L) GE(T) b_expr(R). { A = b->binary(T, L, R); }
b_expr(A) ::= b_expr(L) NE(T) b_expr(R). { A = b->binary(T, L, R); }
b_expr(A) ::= b_expr(L) any_op(T) b_expr(R). [OP] { A = b->binary(T, L, R); }
b_expr(A) ::= any_op(T) b_expr(E). [OP] { A = b->unary(T, E); }
b_expr(A) ::= b_expr(L) IS(T) DISTINCT FROM b_expr(R). [IS] { A = b->is_distinct(T, L, R, false); }
b_expr(A) ::= b_expr(L) IS(T) NOT DISTINCT FROM b_expr(R). [IS] { A = b->is_distinct(T, L, R, true); }

%type any_op {rowan::sql::Token}
any_op(A) ::= OP(T). { A = T; }
any_op(A) ::= named_op(T). { A = T; }
%type named_op {rowan::sql::Token}
named_op(A) ::= OPERATOR LP all_op(T) RP. { A = T; }
named_op(A) ::= OPERATOR LP colid DOT all_op(T) RP. { A = T; }
%type all_op {rowan::sql::Token}
all_op(A) ::= OP(T). { A = T; }
all_op(A) ::= PLUS(T). { A = T; }
all_op(A) ::= MINUS(T). { A = T; }
all_op(A) ::= STAR(T). { A = T; }
all_op(A) ::= SLASH(T). { A = T; }
all_op(A) ::= PERCENT(T). { A = T; }
all_op(A) ::= CARET(T). { A = T; }
all_op(A) ::= LT(T). { A = T; }
all_op(A) ::= GT(T). { A = T; }
all_op(A) ::= EQ(T). { A = T; }
all_op(A) ::= LE(T). { A = T; }
all_op(A) ::= GE(T). { A = T; }
all_op(A) ::= NE(T). { A = T; }

%type c_expr {rowan::sql::Expr*}
c_expr(A) ::= column(C). { A = C; }
c_expr(A) ::= literal(C). { A = C; }
c_expr(A) ::= PARAMETER(T). { A = b->parameter(T); }
c_expr(A) ::= LP a_expr(E) RP. { A = b->parenthesised(E); }
c_expr(A) ::= column(E) LBRACKET(T) a_expr(I) RBRACKET. { A = b->call(T, "[]", E, I); }
c_expr(A) ::= PARAMETER(P) LBRACKET(T) a_expr(I) RBRACKET. { A = b->call(T, "[]", b->parameter(P), I); }
c_expr(A) ::= LP a_expr(E) RP LBRACKET(T) a_expr(I) RBRACKET. { A = b->call(T, "[]", E, I); }
c_expr(A) ::= ARRAY(T) LBRACKET expr_list(L) RBRACKET. { A = b->array(T, L); }
c_expr(A) ::= ARRAY(T) LBRACKET RBRACKET. { A = b->array(T, nullptr); }
c_expr(A) ::= ARRAY(T) select_with_parens(S). { A = b->array_subquery(T, S); }
c_expr(A) ::= case_expr(E). { A = E; }
c_expr(A) ::= call(C) filter(F). { A = b->filtered(C, F); }
c_expr(A) ::= special_call(C). { A = C; }
c_expr(A) ::= select_with_parens(S). [UMINUS] { A = b->subquery(S); }
c_expr(A) ::= EXISTS(T) select_with_parens(S). { A = b->exists(T, S); }
c_expr(A) ::= LP(T) expr_list(L) COMMA a_expr(E) RP. { A = b->row(T, b->append(L, E)); }
c_expr(A) ::= ROW(T) LP expr_list(L) RP. { A = b->row(T, L); }
c_expr(A) ::= ROW(T) LP RP. { A = b->row(T, nullptr); }
c_expr(A) ::= colid(T) DOT STAR. { A = b->star(T); }
c_expr(A) ::= colid(S) DOT label(T) DOT STAR. { A = b->star(S, T); }

%type column {rowan::sql::Expr*}
column(A) ::= colid(C). { A = b->column(C); }
column(A) ::= colid(T) DOT label(C). { A = b->column(T, C); }
column(A) ::= colid(S) DOT label(T) DOT label(C). { A = b->column(S, T, C); }

%type literal {rowan::sql::Expr*}
literal(A) ::= INTEGER(T). { A = b->literal(rowan::sql::LiteralKind::kInteger, T); }
literal(A) ::= DECIMAL(T). { A = b->literal(rowan::sql::LiteralKind::kDecimal, T); }
literal(A) ::= STRING(T). { A = b->string(T); }
literal(A) ::= NULL(T). { A = b->literal(rowan::sql::LiteralKind::kNull, T); }
literal(A) ::= TRUE(T). { A = b->boolean(T, true); }
literal(A) ::= FALSE(T). { A = b->boolean(T, false); }
literal(A) ::= IDENT(N) STRING(T). { A = b->typed_literal(N, rowan::sql::Arguments{}, T); }
literal(A) ::= TYPE_FUNC(N) STRING(T). { A = b->typed_literal(N, rowan::sql::Arguments{}, T); }
literal(A) ::= function_name(N) LP arguments(L) RP STRING(T). { A = b->typed_literal(N, L, T); }
literal(A) ::= DOUBLE_PRECISION(N) STRING(T). { A = b->typed_literal(b->type(N, nullptr), T); }
literal(A) ::= CHAR_VARYING(N) type_modifiers(M) STRING(T). { A = b->typed_literal(b->type(N, M), T); }
literal(A) ::= INTERVAL(N) STRING(T). { A = b->typed_literal(b->type(N, nullptr), T); }
literal(A) ::= INTERVAL(N) STRING(T) INTERVAL_FIELDS(F) type_modifiers(M). { A = b->typed_literal(b->interval_type(N, F, M), T); }
literal(A) ::= INTERVAL(N) LP modifier_list(M) RP STRING(T). { A = b->typed_literal(b->type(N, M), T); }
literal(A) ::= TIME(N) type_modifiers(M) time_zone(Z) STRING(T). { A = b->typed_literal(b->time_type(N, M, Z), T); }
literal(A) ::= TIMESTAMP(N) type_modifiers(M) time_zone(Z) STRING(T). { A = b->typed_literal(b->time_type(N, M, Z), T); }

%type case_expr {rowan::sql::Expr*}
case_expr(A) ::= CASE(T) case_operand(O) case_branches(L) case_else(E) END. { A = b->case_of(T, O, L, E); }
%type case_operand {rowan::sql::Expr*}
case_operand(A) ::= . { A = nullptr; }
case_operand(A) ::= a_expr(E). { A = E; }
%type case_branches {rowan::sql::BranchList*}
case_branches(A) ::= WHEN a_expr(W) THEN a_expr(E). { A = b->start(rowan::sql::CaseBranch{W, E}); }
case_branches(A) ::= case_branches(L) WHEN a_expr(W) THEN a_expr(E). { A = b->append(L, rowan::sql::CaseBranch{W, E}); }
%type case_else {rowan::sql::Expr*}
case_else(A) ::= . { A = nullptr; }
case_else(A) ::= ELSE a_expr(E). { A = E; }

%type function_name {rowan::sql::Token}
function_name(A) ::= IDENT(T). { A = T; }
function_name(A) ::= TYPE_FUNC(T). { A = T; }
function_name(A) ::= LEFT(T). { A = T; }
function_name(A) ::= RIGHT(T). { A = T; }
%type call {rowan::sql::CallExpr*}
call(A) ::= function_name(N) LP RP. { A = b->call(nullptr, N, rowan::sql::Arguments{}, rowan::sql::CallForm::kPlain); }
call(A) ::= function_name(N) LP STAR RP. { A = b->call(nullptr, N, rowan::sql::Arguments{}, rowan::sql::CallForm::kStar); }
call(A) ::= function_name(N) LP arguments(L) RP. { A = b->call(nullptr, N, L, rowan::sql::CallForm::kPlain); }
call(A) ::= function_name(N) LP arguments(L) order_by(O) RP. { A = b->ordered(b->call(nullptr, N, L, rowan::sql::CallForm::kPlain), O); }
call(A) ::= function_name(N) LP ALL arguments(L) order_by_opt(O) RP. { A = b->ordered(b->call(nullptr, N, L, rowan::sql::CallForm::kPlain), O); }
call(A) ::= function_name(N) LP DISTINCT arguments(L) order_by_opt(O) RP. { A = b->ordered(b->call(nullptr, N, L, rowan::sql::CallForm::kDistinct), O); }
call(A) ::= colid(S) DOT label(N) LP RP. { A = b->call(&S, N, rowan::sql::Arguments{}, rowan::sql::CallForm::kPlain); }
call(A) ::= colid(S) DOT label(N) LP STAR RP. { A = b->call(&S, N, rowan::sql::Arguments{}, rowan::sql::CallForm::kStar); }
call(A) ::= colid(S) DOT label(N) LP arguments(L) order_by_opt(O) RP. { A = b->ordered(b->call(&S, N, L, rowan::sql::CallForm::kPlain), O); }
call(A) ::= colid(S) DOT label(N) LP DISTINCT arguments(L) order_by_opt(O) RP. { A = b->ordered(b->call(&S, N, L, rowan::sql::CallForm::kDistinct), O); }
%type filter {rowan::sql::Expr*}
filter(A) ::= . { A = nullptr; }
filter(A) ::= FILTER LP WHERE a_expr(E) RP. { A = E; }

// SQL's functions with a syntax of their own.
%type special_call {rowan::sql::Expr*}
special_call(A) ::= CAST(T) LP a_expr(E) AS type_name(N) RP. { A = b->cast(T, E, N); }
special_call(A) ::= EXTRACT(T) LP label(F) FROM a_expr(E) RP. { A = b->extract(T, F, E); }
special_call(A) ::= EXTRACT(T) LP STRING(F) FROM a_expr(E) RP. { A = b->extract(T, F, E); }
special_call(A) ::= POSITION(T) LP b_expr(S) IN b_expr(E) RP. { A = b->call(T, "position", S, E); }
special_call(A) ::= OVERLAY(T) LP a_expr(E) PLACING a_expr(N) FROM a_expr(F) RP. { A = b->call(T, "overlay", E, N, F); }
special_call(A) ::= OVERLAY(T) LP a_expr(E) PLACING a_expr(N) FROM a_expr(F) FOR a_expr(C) RP. { A = b->call(T, "overlay", E, N, F, C); }
special_call(A) ::= SUBSTRING(T) LP a_expr(E) FROM a_expr(F) RP. { A = b->call(T, "substring", E, F); }
special_call(A) ::= SUBSTRING(T) LP a_expr(E) FROM a_expr(F) FOR a_expr(C) RP. { A = b->call(T, "substring", E, F, C); }
special_call(A) ::= SUBSTRING(T) LP a_expr(E) FOR a_expr(C) RP. { A = b->substring_for(T, E, C); }
special_call(A) ::= SUBSTRING(T) LP arguments(L) RP. { A = b->call(nullptr, T, L, rowan::sql::CallForm::kPlain); }
special_call(A) ::= OVERLAY(T) LP arguments(L) RP. { A = b->call(nullptr, T, L, rowan::sql::CallForm::kPlain); }
special_call(A) ::= TRIM(T) LP trim_side(S) trim_list(L) RP. { A = b->trim(T, S, L); }
%type trim_side {const char*}
trim_side(A) ::= . { A = "btrim"; }
trim_side(A) ::= BOTH. { A = "btrim"; }
trim_side(A) ::= LEADING. { A = "ltrim"; }
trim_side(A) ::= TRAILING. { A = "rtrim"; }
%type trim_list {rowan::sql::ExprList*}
trim_list(A) ::= a_expr(C) FROM expr_list(L). { A = b->append(L, C); }
trim_list(A) ::= FROM expr_list(L). { A = L; }
trim_list(A) ::= expr_list(L). { A = L; }
special_call(A) ::= CURRENT_VALUE(T). { A = b->call(nullptr, T, rowan::sql::Arguments{}, rowan::sql::CallForm::kPlain); }
special_call(A) ::= CURRENT_SCHEMA(T). { A = b->call(nullptr, T, rowan::sql::Arguments{}, rowan::sql::CallForm::kPlain); }
special_call(A) ::= CURRENT_TIME(T). { A = b->call(nullptr, T, rowan::sql::Arguments{}, rowan::sql::CallForm::kPlain); }
special_call(A) ::= CURRENT_TIME(T) LP expr_list(L) RP. { A = b->call(nullptr, T, L, rowan::sql::CallForm::kPlain); }
special_call(A) ::= CURRENT_SCHEMA(T) LP RP. { A = b->call(nullptr, T, rowan::sql::Arguments{}, rowan::sql::CallForm::kPlain); }

%type expr_list {rowan::sql::ExprList*}
expr_list(A) ::= a_expr(E). { A = b->start(E); }
expr_list(A) ::= expr_list(L) COMMA a_expr(E). { A = b->append(L, E); }
%type arguments {rowan::sql::Arguments}
arguments(A) ::= a_expr(E). { A = b->argument({}, E); }
arguments(A) ::= argument_name(N) NAMES_ARGUMENT a_expr(E). { A = b->argument({}, N, E); }
arguments(A) ::= arguments(L) COMMA a_expr(E). { A = b->argument(L, E); }
arguments(A) ::= arguments(L) COMMA argument_name(N) NAMES_ARGUMENT a_expr(E). { A = b->argument(L, N, E); }
// The last four, which are PostgreSQL's only in quotes, are names of ours.
%type argument_name {rowan::sql::Token}
argument_name(A) ::= colid(T). { A = T; }
argument_name(A) ::= TYPE_FUNC(T). { A = T; }
argument_name(A) ::= TABLE(T). { A = T; }
argument_name(A) ::= COLUMN(T). { A = T; }
argument_name(A) ::= FROM(T). { A = T; }
argument_name(A) ::= TO(T). { A = T; }

// ---- Queries --------------------------------------------------------------------------------------------------------

%type select_statement {rowan::sql::SelectStmt*}
select_statement(A) ::= select_no_parens(S). { A = S; }
select_statement(A) ::= select_with_parens(S). { A = S; }
%type select_with_parens {rowan::sql::SelectStmt*}
select_with_parens(A) ::= LP select_no_parens(S) RP. { A = b->parenthesised(S); }
select_with_parens(A) ::= LP select_with_parens(S) RP. { A = S; }
%type select_no_parens {rowan::sql::SelectStmt*}
select_no_parens(A) ::= simple_select(S). { A = S; }
select_no_parens(A) ::= select_clause(S) order_by(O). { A = b->finish_select(nullptr, S, O, nullptr); }
select_no_parens(A) ::= select_clause(S) order_by_opt(O) select_limit(L). { A = b->finish_select(nullptr, S, O, L); }
select_no_parens(A) ::= with_clause(W) select_clause(S). { A = b->finish_select(W, S, nullptr, nullptr); }
select_no_parens(A) ::= with_clause(W) select_clause(S) order_by(O). { A = b->finish_select(W, S, O, nullptr); }
select_no_parens(A) ::= with_clause(W) select_clause(S) order_by_opt(O) select_limit(L). { A = b->finish_select(W, S, O, L); }
%type select_clause {rowan::sql::SelectStmt*}
select_clause(A) ::= simple_select(S). { A = S; }
select_clause(A) ::= select_with_parens(S). { A = S; }

%type simple_select {rowan::sql::SelectStmt*}
simple_select(A) ::= SELECT(T) distinct(D) target_list_opt(L) from_clause(F) where(W) group_by(G) having(H). { A = b->select(T, D, L, F, W, G, H); }
simple_select(A) ::= VALUES(T) values_list(L). { A = b->values(T, L); }
simple_select(A) ::= TABLE(T) relation(R). { A = b->select_table(T, R); }
simple_select(A) ::= select_clause(L) UNION(T) set_all(Q) select_clause(R). [UNION] { A = b->set_operation(T, L, R, Q); }
simple_select(A) ::= select_clause(L) INTERSECT(T) set_all(Q) select_clause(R). [INTERSECT] { A = b->set_operation(T, L, R, Q); }
simple_select(A) ::= select_clause(L) EXCEPT(T) set_all(Q) select_clause(R). [EXCEPT] { A = b->set_operation(T, L, R, Q); }
%type set_all {bool}
set_all(A) ::= . { A = false; }
set_all(A) ::= DISTINCT. { A = false; }
set_all(A) ::= ALL. { A = true; }
%type values_list {rowan::sql::RowList*}
values_list(A) ::= LP expr_list(E) RP. { A = b->start(b->list(E)); }
values_list(A) ::= values_list(L) COMMA LP expr_list(E) RP. { A = b->append(L, b->list(E)); }

%type distinct {rowan::sql::Distinct}
distinct(A) ::= . { A = {false, nullptr}; }
distinct(A) ::= ALL. { A = {false, nullptr}; }
distinct(A) ::= DISTINCT. { A = {true, nullptr}; }
distinct(A) ::= DISTINCT ON LP expr_list(L) RP. { A = {true, L}; }

%type target_list_opt {rowan::sql::TargetList*}
target_list_opt(A) ::= . { A = nullptr; }
target_list_opt(A) ::= target_list(L). { A = L; }
%type target_list {rowan::sql::TargetList*}
target_list(A) ::= target(E). { A = b->start(E); }
target_list(A) ::= target_list(L) COMMA target(E). { A = b->append(L, E); }
%type target {rowan::sql::TargetItem}
target(A) ::= a_expr(E). { A = {E, {}}; }
target(A) ::= a_expr(E) AS label(N). { A = {E, N}; }
target(A) ::= a_expr(E) bare_label(N). { A = {E, b->bare_label(N)}; }
target(A) ::= STAR(T). { A = {b->any_star(T), {}}; }

%type with_clause {rowan::sql::WithClause*}
with_clause(A) ::= WITH cte_list(L). { A = b->with(L, false); }
with_clause(A) ::= WITH RECURSIVE cte_list(L). { A = b->with(L, true); }
%type cte_list {rowan::sql::CommonList*}
cte_list(A) ::= cte(C). { A = b->start(*C); }
cte_list(A) ::= cte_list(L) COMMA cte(C). { A = b->append(L, *C); }
%type cte {rowan::sql::CommonTable*}
cte(A) ::= colid(N) name_list_opt(C) AS select_with_parens(S). { A = b->common_table(N, C, S); }

%type from_clause {rowan::sql::TableList*}
from_clause(A) ::= . { A = nullptr; }
from_clause(A) ::= FROM from_list(L). { A = L; }
%type from_list {rowan::sql::TableList*}
from_list(A) ::= table_ref(T). { A = b->start(T); }
from_list(A) ::= from_list(L) COMMA table_ref(T). { A = b->append(L, T); }
%type table_ref {rowan::sql::TableRef*}
table_ref(A) ::= relation(R) as_of(V) alias(N). { A = b->table(R, V, N); }
table_ref(A) ::= call(C) alias(N). { A = b->function_table(C, N); }
table_ref(A) ::= call(C) WITH_ORDINALITY alias(N). { A = b->numbered(b->function_table(C, N)); }
table_ref(A) ::= select_with_parens(S) alias(N). { A = b->subquery_table(S, N); }
table_ref(A) ::= joined_table(J). { A = J; }
%type joined_table {rowan::sql::TableRef*}
joined_table(A) ::= LP joined_table(J) RP. { A = J; }
joined_table(A) ::= table_ref(L) CROSS(T) JOIN table_ref(R). { A = b->cross_join(T, L, R); }
joined_table(A) ::= table_ref(L) join_kind(K) JOIN(T) table_ref(R) join_condition(C). { A = b->join(T, K, L, R, C); }
joined_table(A) ::= table_ref(L) JOIN(T) table_ref(R) join_condition(C). { A = b->join(T, rowan::sql::JoinKind::kInner, L, R, C); }
joined_table(A) ::= table_ref(L) NATURAL(T) join_kind(K) JOIN table_ref(R). { A = b->natural_join(T, K, L, R); }
joined_table(A) ::= table_ref(L) NATURAL(T) JOIN table_ref(R). { A = b->natural_join(T, rowan::sql::JoinKind::kInner, L, R); }
%type join_kind {rowan::sql::JoinKind}
join_kind(A) ::= INNER. { A = rowan::sql::JoinKind::kInner; }
join_kind(A) ::= LEFT outer. { A = rowan::sql::JoinKind::kLeft; }
join_kind(A) ::= RIGHT outer. { A = rowan::sql::JoinKind::kRight; }
join_kind(A) ::= FULL outer. { A = rowan::sql::JoinKind::kFull; }
outer ::= .
outer ::= OUTER.
%type join_condition {rowan::sql::JoinCondition}
join_condition(A) ::= ON a_expr(E). { A = {E, nullptr}; }
join_condition(A) ::= USING LP name_list(L) RP. { A = {nullptr, L}; }

%type relation {rowan::sql::QualifiedName*}
relation(A) ::= qualified_name(N). { A = N; }
relation(A) ::= qualified_name(N) STAR. { A = N; }
relation(A) ::= ONLY qualified_name(N). { A = N; }
%type as_of {rowan::sql::AsOf*}
as_of(A) ::= . { A = nullptr; }
as_of(A) ::= OP(T) STRING(V). { A = b->at_revision(T, V); }
as_of(A) ::= OP(T) PARAMETER(V). { A = b->at_revision(T, V); }
as_of(A) ::= AS_OF STRING(V). { A = b->revision(V); }
as_of(A) ::= AS_OF PARAMETER(V). { A = b->parameter_revision(V); }
as_of(A) ::= AS_OF TIMESTAMP b_expr(E). { A = b->at_time(E); }
as_of(A) ::= FOR_SYSTEM_TIME AS_OF b_expr(E). { A = b->at_time(E); }
as_of(A) ::= FOR_SYSTEM_TIME BETWEEN b_expr(E) AND b_expr(U). { A = b->time_range(rowan::sql::AsOfKind::kBetween, E, U); }
as_of(A) ::= FOR_SYSTEM_TIME FROM b_expr(E) TO b_expr(U). { A = b->time_range(rowan::sql::AsOfKind::kFromTo, E, U); }
as_of(A) ::= FOR_SYSTEM_TIME ALL. { A = b->time_range(rowan::sql::AsOfKind::kAll, nullptr, nullptr); }
%type alias {rowan::sql::Alias}
alias(A) ::= . { A = {}; }
alias(A) ::= colid(N) name_list_opt(C). { A = {N, C}; }
alias(A) ::= AS colid(N) name_list_opt(C). { A = {N, C}; }

%type where {rowan::sql::Expr*}
where(A) ::= . { A = nullptr; }
where(A) ::= WHERE a_expr(E). { A = E; }
%type group_by {rowan::sql::ExprList*}
group_by(A) ::= . { A = nullptr; }
group_by(A) ::= GROUP BY expr_list(L). { A = L; }
%type having {rowan::sql::Expr*}
having(A) ::= . { A = nullptr; }
having(A) ::= HAVING a_expr(E). { A = E; }

%type order_by_opt {rowan::sql::OrderList*}
order_by_opt(A) ::= . { A = nullptr; }
order_by_opt(A) ::= order_by(O). { A = O; }
%type order_by {rowan::sql::OrderList*}
order_by(A) ::= ORDER BY order_list(L). { A = L; }
%type order_list {rowan::sql::OrderList*}
order_list(A) ::= order_item(I). { A = b->start(*I); }
order_list(A) ::= order_list(L) COMMA order_item(I). { A = b->append(L, *I); }
%type order_item {rowan::sql::OrderItem*}
order_item(A) ::= a_expr(E) direction(D) nulls(N). { A = b->order(E, D, N); }
%type direction {bool}
direction(A) ::= . { A = false; }
direction(A) ::= ASC. { A = false; }
direction(A) ::= DESC. { A = true; }
%type nulls {int}
nulls(A) ::= . { A = 0; }
nulls(A) ::= NULLS_LA FIRST. { A = 1; }
nulls(A) ::= NULLS_LA LAST. { A = -1; }

%type select_limit {rowan::sql::LimitClause*}
select_limit(A) ::= limit(L) offset(O). { A = b->limits(L, O); }
select_limit(A) ::= offset(O) limit(L). { A = b->limits(L, O); }
select_limit(A) ::= limit(L). { A = b->limits(L, nullptr); }
select_limit(A) ::= offset(O). { A = b->limits(nullptr, O); }
// LIMIT ALL is a NULL limit.
%type limit {rowan::sql::Expr*}
limit(A) ::= LIMIT a_expr(E). { A = E; }
limit(A) ::= LIMIT ALL(T). { A = b->literal(rowan::sql::LiteralKind::kNull, T); }
limit(A) ::= FETCH first fetch_count(E) rows ONLY. { A = E; }
limit(A) ::= FETCH(T) first rows ONLY. { A = b->one(T); }
%type offset {rowan::sql::Expr*}
offset(A) ::= OFFSET a_expr(E). { A = E; }
offset(A) ::= OFFSET fetch_count(E) rows. { A = E; }
%type fetch_count {rowan::sql::Expr*}
fetch_count(A) ::= c_expr(E). { A = E; }
fetch_count(A) ::= PLUS(T) INTEGER(N). { A = b->unary(T, b->number(N)); }
fetch_count(A) ::= PLUS(T) DECIMAL(N). { A = b->unary(T, b->number(N)); }
fetch_count(A) ::= MINUS(T) INTEGER(N). { A = b->unary(T, b->number(N)); }
fetch_count(A) ::= MINUS(T) DECIMAL(N). { A = b->unary(T, b->number(N)); }
first ::= FIRST.
first ::= NEXT.
rows ::= ROW.
rows ::= ROWS.

// ---- Statements -----------------------------------------------------------------------------------------------------

%type statement {rowan::sql::Statement*}
statement(A) ::= plain_statement(S). { A = S; }
statement(A) ::= EXPLAIN(T) explainable(S). { A = b->explain(T, false, S); }
statement(A) ::= EXPLAIN(T) VERBOSE(V) explainable(S). { b->explain_option(V, {}, false); A = b->explain(T, false, S); }
statement(A) ::= EXPLAIN(T) ANALYZE explainable(S). { A = b->explain(T, true, S); }
statement(A) ::= EXPLAIN(T) ANALYZE VERBOSE(V) explainable(S). { b->explain_option(V, {}, true); A = b->explain(T, true, S); }
statement(A) ::= EXPLAIN(T) LP explain_options(F) RP explainable(S). { A = b->explain(T, F, S); }
%type explain_options {bool}
explain_options(A) ::= explain_word(N) option_value(V). { A = b->explain_option(N, V, false); }
explain_options(A) ::= explain_options(L) COMMA explain_word(N) option_value(V). { A = b->explain_option(N, V, L); }
%type explain_word {rowan::sql::Token}
explain_word(A) ::= IDENT(T). { A = T; }
explain_word(A) ::= ANALYZE(T). { A = T; }
explain_word(A) ::= VERBOSE(T). { A = T; }

%type option_value {rowan::sql::Token}
option_value(A) ::= . { A = {}; }
option_value(A) ::= option_word(T). { A = T; }
%type option_word {rowan::sql::Token}
option_word(A) ::= IDENT(T). { A = T; }
option_word(A) ::= TYPE_FUNC(T). { A = T; }
option_word(A) ::= STRING(T). { A = T; }
option_word(A) ::= INTEGER(T). { A = T; }
option_word(A) ::= DECIMAL(T). { A = T; }
option_word(A) ::= TRUE(T). { A = T; }
option_word(A) ::= FALSE(T). { A = T; }
option_word(A) ::= ON(T). { A = T; }
option_word(A) ::= NULL(T). { A = T; }

%type explainable {rowan::sql::Statement*}
explainable(A) ::= select_statement(S). { A = S; }
explainable(A) ::= insert(S). { A = S; }
explainable(A) ::= update(S). { A = S; }
explainable(A) ::= delete(S). { A = S; }
%type plain_statement {rowan::sql::Statement*}
plain_statement(A) ::= explainable(S). { A = S; }

%type insert {rowan::sql::Statement*}
insert(A) ::= INSERT(T) INTO qualified_name(N) insert_source(S) returning(R). { A = b->insert(T, N, nullptr, S, R); }
insert(A) ::= INSERT(T) INTO qualified_name(N) AS colid(C) insert_source(S) returning(R). { A = b->insert(T, N, &C, S, R); }
%type overriding {rowan::sql::Overriding}
overriding(A) ::= OVERRIDING IDENT(W) IDENT(V). { A = b->overriding(W, V); }
overriding(A) ::= OVERRIDING CURRENT_VALUE(W) IDENT(V). { A = b->overriding(W, V); }
%type insert_source {rowan::sql::InsertSource}
insert_source(A) ::= select_statement(S). { A = {nullptr, S, rowan::sql::Overriding::kNone}; }
insert_source(A) ::= LP name_list(L) RP select_statement(S). { A = {L, S, rowan::sql::Overriding::kNone}; }
insert_source(A) ::= overriding(O) select_statement(S). { A = {nullptr, S, O}; }
insert_source(A) ::= LP name_list(L) RP overriding(O) select_statement(S). { A = {L, S, O}; }
insert_source(A) ::= DEFAULT VALUES. { A = {nullptr, nullptr, rowan::sql::Overriding::kNone}; }
%type returning {rowan::sql::TargetList*}
returning(A) ::= . { A = nullptr; }
returning(A) ::= RETURNING target_list(L). { A = L; }

%type update {rowan::sql::Statement*}
update(A) ::= UPDATE(T) relation(N) SET set_list(L) from_clause(F) where(W) returning(R). { A = b->update(T, N, {}, L, F, W, R); }
update(A) ::= UPDATE(T) relation(N) AS colid(X) SET set_list(L) from_clause(F) where(W) returning(R). { A = b->update(T, N, X.text(), L, F, W, R); }
update(A) ::= UPDATE(T) relation(N) colid(X) SET set_list(L) from_clause(F) where(W) returning(R). { A = b->update(T, N, X.text(), L, F, W, R); }
%type set_list {rowan::sql::AssignmentList*}
set_list(A) ::= set_item(L). { A = L; }
set_list(A) ::= set_list(L) COMMA set_item(S). { A = b->join_lists(L, S); }
%type set_item {rowan::sql::AssignmentList*}
set_item(A) ::= colid(C) EQ a_expr(E). { A = b->assign(C, E); }
set_item(A) ::= LP(T) name_list(L) RP EQ a_expr(E). { A = b->assign_row(T, L, E); }

%type delete {rowan::sql::Statement*}
delete(A) ::= DELETE(T) FROM relation(N) alias(X) using(U) where(W) returning(R). { A = b->remove(T, N, X, U, W, R); }
%type using {rowan::sql::TableList*}
using(A) ::= . { A = nullptr; }
using(A) ::= USING from_list(L). { A = L; }

plain_statement(A) ::= TRUNCATE(T) qualified_list(L) restarts_identity(I) drop_behavior(C). { A = b->truncate(T, L, I, C); }
plain_statement(A) ::= TRUNCATE(T) TABLE qualified_list(L) restarts_identity(I) drop_behavior(C). { A = b->truncate(T, L, I, C); }
%type restarts_identity {bool}
restarts_identity(A) ::= . { A = false; }
restarts_identity(A) ::= RESTART IDENTITY. { A = true; }
restarts_identity(A) ::= CONTINUE IDENTITY. { A = false; }

// ---- COPY -----------------------------------------------------------------------------------------------------------

plain_statement(A) ::= COPY(T) qualified_name(N) name_list_opt(C) FROM copy_end(E) copy_options(O). { A = b->copy(T, N, C, true, E, O); }
plain_statement(A) ::= COPY(T) qualified_name(N) name_list_opt(C) TO copy_end(E) copy_options(O). { A = b->copy(T, N, C, false, E, O); }
plain_statement(A) ::= COPY(T) select_with_parens(S) TO copy_end(E) copy_options(O). { A = b->copy_select(T, S, E, O); }
// CommitDB's spelling: CSV with a header unless the options say otherwise.
plain_statement(A) ::= COPY(T) INTO qualified_name(N) name_list_opt(C) FROM STRING(E) copy_into_options(O). { A = b->copy(T, N, C, true, E, O); }
plain_statement(A) ::= COPY(T) INTO STRING(E) FROM qualified_name(N) name_list_opt(C) copy_into_options(O). { A = b->copy(T, N, C, false, E, O); }
%type copy_into_options {rowan::sql::CopyOptions*}
copy_into_options(A) ::= . { A = b->copy_into_options(); }
copy_into_options(A) ::= WITH LP copy_into_list(O) RP. { A = O; }
%type copy_into_list {rowan::sql::CopyOptions*}
copy_into_list(A) ::= copy_into_option(V). { A = b->copy_into_option(b->copy_into_options(), V); }
copy_into_list(A) ::= copy_into_list(L) COMMA copy_into_option(V). { A = b->copy_into_option(L, V); }
%type copy_into_option {rowan::sql::OldCopyOption}
copy_into_option(A) ::= copy_option_name(N) option_value(V). { A = {N, V}; }
copy_into_option(A) ::= copy_option_name(N) EQ option_word(V). { A = {N, V}; }

%type copy_end {rowan::sql::Token}
copy_end(A) ::= STRING(T). { A = T; }
copy_end(A) ::= STDIN(T). { A = T; }
copy_end(A) ::= STDOUT(T). { A = T; }
%type copy_options {rowan::sql::CopyOptions*}
copy_options(A) ::= . { A = nullptr; }
copy_options(A) ::= old_copy_options(O). { A = O; }
copy_options(A) ::= WITH old_copy_options(O). { A = O; }
copy_options(A) ::= LP copy_option_list(O) RP. { A = O; }
copy_options(A) ::= WITH LP copy_option_list(O) RP. { A = O; }
%type copy_option_list {rowan::sql::CopyOptions*}
copy_option_list(A) ::= copy_option_name(N) option_value(V). { A = b->copy_option(nullptr, N, V); }
copy_option_list(A) ::= copy_option_list(L) COMMA copy_option_name(N) option_value(V). { A = b->copy_option(L, N, V); }
%type copy_option_name {rowan::sql::Token}
copy_option_name(A) ::= IDENT(T). { A = T; }
copy_option_name(A) ::= NULL(T). { A = T; }
copy_option_name(A) ::= TYPE_FUNC(T). { A = T; }
%type old_copy_options {rowan::sql::CopyOptions*}
old_copy_options(A) ::= old_copy_option(N). { A = b->old_copy_option(nullptr, N); }
old_copy_options(A) ::= old_copy_options(L) old_copy_option(N). { A = b->old_copy_option(L, N); }
%type old_copy_option {rowan::sql::OldCopyOption}
old_copy_option(A) ::= CSV(N). { A = {N, {}}; }
old_copy_option(A) ::= HEADER(N). { A = {N, {}}; }
old_copy_option(A) ::= DELIMITER(N) STRING(V). { A = {N, V}; }
old_copy_option(A) ::= NULL(N) STRING(V). { A = {N, V}; }
old_copy_option(A) ::= QUOTE(N) STRING(V). { A = {N, V}; }
old_copy_option(A) ::= ESCAPE(N) STRING(V). { A = {N, V}; }
old_copy_option(A) ::= DELIMITER(N) AS STRING(V). { A = {N, V}; }
old_copy_option(A) ::= NULL(N) AS STRING(V). { A = {N, V}; }
old_copy_option(A) ::= QUOTE(N) AS STRING(V). { A = {N, V}; }
old_copy_option(A) ::= ESCAPE(N) AS STRING(V). { A = {N, V}; }

// ---- Definitions ----------------------------------------------------------------------------------------------------

plain_statement(A) ::= CREATE(T) SCHEMA(K) colid(N). { A = b->schema(T, K, N, true, false, rowan::sql::DropBehavior::kNone); }
plain_statement(A) ::= CREATE(T) DATABASE(K) colid(N). { A = b->schema(T, K, N, true, false, rowan::sql::DropBehavior::kNone); }
plain_statement(A) ::= CREATE(T) SCHEMA(K) IF NOT EXISTS colid(N). { A = b->schema(T, K, N, true, true, rowan::sql::DropBehavior::kNone); }
plain_statement(A) ::= CREATE(T) DATABASE(K) IF NOT EXISTS colid(N). { A = b->schema(T, K, N, true, true, rowan::sql::DropBehavior::kNone); }
plain_statement(A) ::= DROP(T) SCHEMA(K) colid(N) schema_behavior(C). { A = b->schema(T, K, N, false, false, C); }
plain_statement(A) ::= DROP(T) DATABASE(K) colid(N) schema_behavior(C). { A = b->schema(T, K, N, false, false, C); }
plain_statement(A) ::= DROP(T) SCHEMA(K) IF EXISTS colid(N) schema_behavior(C). { A = b->schema(T, K, N, false, true, C); }
plain_statement(A) ::= DROP(T) DATABASE(K) IF EXISTS colid(N) schema_behavior(C). { A = b->schema(T, K, N, false, true, C); }
%type drop_behavior {bool}
drop_behavior(A) ::= . { A = false; }
drop_behavior(A) ::= CASCADE. { A = true; }
drop_behavior(A) ::= RESTRICT. { A = false; }
// What a DROP DATABASE that says neither takes along is not what RESTRICT does.
%type schema_behavior {rowan::sql::DropBehavior}
schema_behavior(A) ::= . { A = rowan::sql::DropBehavior::kNone; }
schema_behavior(A) ::= CASCADE. { A = rowan::sql::DropBehavior::kCascade; }
schema_behavior(A) ::= RESTRICT. { A = rowan::sql::DropBehavior::kRestrict; }

plain_statement(A) ::= CREATE(T) unlogged TABLE qualified_name(N) table_body(R) table_storage. { A = b->create_table(T, N, R, false); }
plain_statement(A) ::= CREATE(T) unlogged TABLE IF NOT EXISTS qualified_name(N) table_body(R) table_storage. { A = b->create_table(T, N, R, true); }
// UNLOGGED asks that a table may be lost in a crash. Rowan keeps it like any other.
unlogged ::= .
unlogged ::= UNLOGGED.
// PostgreSQL's storage parameters: of its pages, which Rowan has none of.
table_storage ::= .
table_storage ::= WITH LP storage_list RP.
storage_list ::= storage_parameter.
storage_list ::= storage_list COMMA storage_parameter.
storage_parameter ::= IDENT(N) EQ INTEGER(V). { b->storage_parameter(N, V); }
plain_statement(A) ::= DROP(T) TABLE qualified_list(L) drop_behavior(C). { A = b->drop_table(T, L, false, C); }
plain_statement(A) ::= DROP(T) TABLE IF EXISTS qualified_list(L) drop_behavior(C). { A = b->drop_table(T, L, true, C); }

// The table's merge rule, if it has one.
%type table_body {rowan::sql::Token}
table_body(A) ::= LP RP table_rule(R). { A = R; }
table_body(A) ::= LP table_elements RP table_rule(R). { A = R; }
%type table_rule {rowan::sql::Token}
table_rule(A) ::= . { A = {}; }
table_rule(A) ::= MERGE_RULE rule_name(R). { A = R; }
%type rule_name {rowan::sql::Token}
rule_name(A) ::= IDENT(T). { A = T; }
rule_name(A) ::= UNION(T). { A = T; }

table_elements ::= table_element.
table_elements ::= table_elements COMMA table_element.
table_element ::= column_definition. { b->end_column(); }
table_element ::= table_constraint(C). { b->table_constraint(C); }
table_element ::= INDEX_LA(T) colid(N) LP index_columns(L) RP. { b->table_index(T, {}, N, L, false); }
table_element ::= constraint_name(C) UNIQUE(T) INDEX_LA colid(N) LP index_columns(L) RP. { b->table_index(T, C, N, L, true); }
table_element ::= DROPPED_SLOT INTEGER(S) ID HEX8(I). { b->dropped_slot(S, I); }

// As ALTER TABLE ADD takes it; CREATE TABLE puts it among the table's parts.
%type table_constraint {rowan::sql::AlterAction*}
table_constraint(A) ::= constraint_name(C) PRIMARY(T) KEY LP name_list(L) RP timing. { A = b->key_constraint(C, T, true, L); }
table_constraint(A) ::= constraint_name(C) UNIQUE(T) LP name_list(L) RP timing. { A = b->key_constraint(C, T, false, L); }
table_constraint(A) ::= constraint_name(C) CHECK(T) LP a_expr(E) RP timing. { A = b->check_constraint(C, T, E); }
table_constraint(A) ::= constraint_name(C) FOREIGN(T) KEY LP name_list(L) RP REFERENCES qualified_name(N) name_list_opt(R) key_match
  key_actions(O) timing. { A = b->foreign_key(C, T, L, N, R, O); }
timing ::= .
timing ::= timing timing_word.
timing_word ::= DEFERRABLE(T). { b->deferred_constraint(T); }
timing_word ::= INITIALLY DEFERRED(T). { b->deferred_constraint(T); }
timing_word ::= INITIALLY IMMEDIATE.
timing_word ::= NOT DEFERRABLE.
key_match ::= .
key_match ::= MATCH SIMPLE.
key_match ::= MATCH FULL(T). { b->unsupported(T, "MATCH FULL is not supported yet"); }
key_match ::= MATCH PARTIAL(T). { b->unsupported(T, "MATCH PARTIAL is not supported yet"); }
%type key_actions {rowan::sql::KeyActions}
key_actions(A) ::= . { A = {}; }
key_actions(A) ::= key_actions(L) ON DELETE(T) key_action(X). { A = b->key_actions(T, L, true, X); }
key_actions(A) ::= key_actions(L) ON UPDATE(T) key_action(X). { A = b->key_actions(T, L, false, X); }
%type key_action {rowan::sql::ForeignAction}
key_action(A) ::= NO ACTION. { A = rowan::sql::ForeignAction::kNoAction; }
key_action(A) ::= RESTRICT. { A = rowan::sql::ForeignAction::kRestrict; }
key_action(A) ::= CASCADE. { A = rowan::sql::ForeignAction::kCascade; }
key_action(A) ::= SET NULL set_columns. { A = rowan::sql::ForeignAction::kSetNull; }
key_action(A) ::= SET DEFAULT set_columns. { A = rowan::sql::ForeignAction::kSetDefault; }
set_columns ::= .
set_columns ::= LP(T) name_list RP. { b->unsupported(T, "SET NULL and SET DEFAULT of some of a key's columns are not supported yet"); }

column_definition ::= column_head column_constraints.
column_head ::= colid(N) type_name(T). { b->begin_column(N, T); }
column_constraints ::= .
column_constraints ::= column_constraints column_constraint.
column_constraint ::= constraint_name(C) NOT(T) NULL. { b->column_null(C, T, true); }
column_constraint ::= constraint_name(C) NULL(T). { b->column_null(C, T, false); }
column_constraint ::= constraint_name(C) DEFAULT(T) b_expr(E). { b->column_default(C, T, E); }
column_constraint ::= constraint_name(C) PRIMARY(T) KEY. { b->column_key(C, T, true); }
column_constraint ::= constraint_name(C) UNIQUE(T). { b->column_key(C, T, false); }
column_constraint ::= constraint_name(C) CHECK(T) LP a_expr(E) RP. { b->column_check(C, T, E); }
column_constraint ::= constraint_name(C) REFERENCES(T) qualified_name(N) name_list_opt(R) key_match key_actions(O). { b->column_references(C, T, N, R, O); }
column_constraint ::= constraint_name GENERATED(T) generated_when(W) AS IDENTITY identity_options(O). { b->column_identity(T, W, O); }
column_constraint ::= constraint_name GENERATED(T) generated_when AS LP a_expr RP STORED. { b->unsupported(T, "generated columns are not supported yet"); }
column_constraint ::= constraint_name NOT DEFERRABLE.
column_constraint ::= DEFERRABLE(T). { b->deferred_constraint(T); }
column_constraint ::= INITIALLY DEFERRED(T). { b->deferred_constraint(T); }
column_constraint ::= INITIALLY IMMEDIATE.
column_constraint ::= COLLATE(T) qualified_name(N). { b->check_collation(T, N); }
column_constraint ::= MERGE_RULE rule_name(R). { b->column_rule(R); }
column_constraint ::= SLOT INTEGER(S) ID HEX8(I). { b->column_slot(S, I); }
column_constraint ::= ABSENT signed_literal(E). { b->column_absent(E); }
%type generated_when {rowan::sql::IdentityKind}
generated_when(A) ::= ALWAYS. { A = rowan::sql::IdentityKind::kAlways; }
generated_when(A) ::= BY DEFAULT. { A = rowan::sql::IdentityKind::kByDefault; }
%type identity_options {rowan::sql::SequenceOptions*}
identity_options(A) ::= . { A = nullptr; }
identity_options(A) ::= LP sequence_options RP. { A = b->take_sequence(); }
%type constraint_name {rowan::sql::Token}
constraint_name(A) ::= . { A = {}; }
constraint_name(A) ::= CONSTRAINT colid(N). { A = N; }
%type signed_literal {rowan::sql::Expr*}
signed_literal(A) ::= literal(E). { A = E; }
signed_literal(A) ::= PLUS(T) INTEGER(N). { A = b->unary(T, b->number(N)); }
signed_literal(A) ::= PLUS(T) DECIMAL(N). { A = b->unary(T, b->number(N)); }
signed_literal(A) ::= MINUS(T) INTEGER(N). { A = b->unary(T, b->number(N)); }
signed_literal(A) ::= MINUS(T) DECIMAL(N). { A = b->unary(T, b->number(N)); }

// ---- ALTER TABLE ----------------------------------------------------------------------------------------------------

plain_statement(A) ::= ALTER(T) TABLE relation(N) alter_actions(L). { A = b->alter_table(T, N, L, false); }
plain_statement(A) ::= ALTER(T) TABLE IF EXISTS relation(N) alter_actions(L). { A = b->alter_table(T, N, L, true); }
plain_statement(A) ::= ALTER(T) TABLE relation(N) alter_alone(X). { A = b->alter_table(T, N, b->start(*X), false); }
plain_statement(A) ::= ALTER(T) TABLE IF EXISTS relation(N) alter_alone(X). { A = b->alter_table(T, N, b->start(*X), true); }
%type alter_actions {rowan::sql::ActionList*}
alter_actions(A) ::= alter_action(X). { A = b->start(*X); }
alter_actions(A) ::= alter_actions(L) COMMA alter_action(X). { A = b->append(L, *X); }
%type alter_alone {rowan::sql::AlterAction*}
alter_alone(A) ::= RENAME(T) column_word colid(N) TO colid(M). { A = b->rename_part(T, rowan::sql::AlterKind::kRenameColumn, N, M); }
alter_alone(A) ::= RENAME(T) CONSTRAINT colid(N) TO colid(M). { A = b->rename_part(T, rowan::sql::AlterKind::kRenameConstraint, N, M); }
alter_alone(A) ::= RENAME(T) TO colid(M). { A = b->rename_part(T, rowan::sql::AlterKind::kRenameTable, {}, M); }
alter_alone(A) ::= SET(T) SCHEMA colid(M). { A = b->rename_part(T, rowan::sql::AlterKind::kSetSchema, {}, M); }
column_word ::= .
column_word ::= COLUMN.
%type alter_action {rowan::sql::AlterAction*}
alter_action(A) ::= ADD(T) column_word column_definition. { A = b->add_column(T, false); }
alter_action(A) ::= ADD(T) column_word IF NOT EXISTS column_definition. { A = b->add_column(T, true); }
alter_action(A) ::= ADD table_constraint(C). { A = C; }
alter_action(A) ::= DROP(T) column_word colid(N) drop_behavior(C). { A = b->drop_part(T, rowan::sql::AlterKind::kDropColumn, N, false, C); }
alter_action(A) ::= DROP(T) column_word IF EXISTS colid(N) drop_behavior(C). { A = b->drop_part(T, rowan::sql::AlterKind::kDropColumn, N, true, C); }
alter_action(A) ::= DROP(T) CONSTRAINT colid(N) drop_behavior(C). { A = b->drop_part(T, rowan::sql::AlterKind::kDropConstraint, N, false, C); }
alter_action(A) ::= DROP(T) CONSTRAINT IF EXISTS colid(N) drop_behavior(C). { A = b->drop_part(T, rowan::sql::AlterKind::kDropConstraint, N, true, C); }
alter_action(A) ::= SET(T) MERGE_RULE rule_name(R). { A = b->merge_rule(T, {}, R); }
alter_action(A) ::= DROP(T) MERGE_RULE. { A = b->merge_rule(T, {}, {}); }
alter_action(A) ::= MODIFY(T) column_word colid(N) type_name(Y). { A = b->set_type(T, N, Y, nullptr); }
alter_action(A) ::= ALTER(T) column_word colid(N) column_change(X). { A = b->change_column(T, N, X); }
%type column_change {rowan::sql::AlterAction*}
column_change(A) ::= TYPE(T) type_name(Y) column_collation using_value(E). { A = b->set_type(T, {}, Y, E); }
column_change(A) ::= SET(T) DATA TYPE type_name(Y) column_collation using_value(E). { A = b->set_type(T, {}, Y, E); }
column_change(A) ::= SET(T) DEFAULT a_expr(E). { A = b->column_change(T, rowan::sql::AlterKind::kSetDefault, E); }
column_change(A) ::= DROP(T) DEFAULT. { A = b->column_change(T, rowan::sql::AlterKind::kDropDefault, nullptr); }
column_change(A) ::= SET(T) NOT NULL. { A = b->column_change(T, rowan::sql::AlterKind::kSetNotNull, nullptr); }
column_change(A) ::= DROP(T) NOT NULL. { A = b->column_change(T, rowan::sql::AlterKind::kDropNotNull, nullptr); }
column_change(A) ::= ADD(T) GENERATED generated_when(W) AS IDENTITY identity_options(O). { A = b->add_identity(T, W, O); }
column_change(A) ::= DROP(T) IDENTITY. { A = b->column_change(T, rowan::sql::AlterKind::kDropIdentity, nullptr); }
column_change(A) ::= DROP(T) IDENTITY IF EXISTS. { A = b->drop_part(T, rowan::sql::AlterKind::kDropIdentity, {}, true, false); }
column_change(A) ::= SET(T) MERGE_RULE rule_name(R). { A = b->merge_rule(T, {}, R); }
column_change(A) ::= DROP(T) MERGE_RULE. { A = b->merge_rule(T, {}, {}); }
column_collation ::= .
column_collation ::= COLLATE(T) qualified_name(N). { b->check_collation(T, N); }
%type using_value {rowan::sql::Expr*}
using_value(A) ::= . { A = nullptr; }
using_value(A) ::= USING a_expr(E). { A = E; }

// ---- Indexes, views, sequences --------------------------------------------------------------------------------------

plain_statement(A) ::= CREATE(T) unique(U) INDEX concurrently(K) ON relation(N) index_body(X). { A = b->concurrently(b->create_index(T, U, {}, N, X, false), K); }
plain_statement(A) ::= CREATE(T) unique(U) INDEX concurrently(K) colid(I) ON relation(N) index_body(X). { A = b->concurrently(b->create_index(T, U, I, N, X, false), K); }
plain_statement(A) ::= CREATE(T) unique(U) INDEX concurrently(K) IF NOT EXISTS colid(I) ON relation(N) index_body(X). { A = b->concurrently(b->create_index(T, U, I, N, X, true), K); }
%type unique {bool}
unique(A) ::= . { A = false; }
unique(A) ::= UNIQUE. { A = true; }
%type concurrently {bool}
concurrently(A) ::= . { A = false; }
concurrently(A) ::= CONCURRENTLY. { A = true; }
%type index_body {rowan::sql::IndexBody}
index_body(A) ::= LP index_columns(L) RP where(W). { A = {L, W}; }
index_body(A) ::= USING colid(M) LP index_columns(L) RP where(W). { b->index_method(M); A = {L, W}; }
%type index_columns {rowan::sql::IndexList*}
index_columns(A) ::= index_column(C). { A = b->start(*C); }
index_columns(A) ::= index_columns(L) COMMA index_column(C). { A = b->append(L, *C); }
%type index_column {rowan::sql::IndexColumn*}
index_column(A) ::= colid(C) column_collation operator_class direction(D) nulls(N). { A = b->index_column(C, D, N); }
index_column(A) ::= index_expression(E) column_collation operator_class direction(D) nulls(N). { A = b->index_column(E, D, N); }
%type index_expression {rowan::sql::Expr*}
index_expression(A) ::= call(C). { A = C; }
index_expression(A) ::= special_call(C). { A = C; }
index_expression(A) ::= LP a_expr(E) RP. { A = E; }
operator_class ::= .
operator_class ::= qualified_name(N). { b->operator_class(N); }

plain_statement(A) ::= ALTER(T) INDEX qualified_name(N) RENAME TO colid(M). { A = b->rename(T, rowan::sql::ObjectKind::kIndex, N, M, false); }
plain_statement(A) ::= ALTER(T) INDEX IF EXISTS qualified_name(N) RENAME TO colid(M). { A = b->rename(T, rowan::sql::ObjectKind::kIndex, N, M, true); }
plain_statement(A) ::= ALTER(T) VIEW qualified_name(N) RENAME TO colid(M). { A = b->rename(T, rowan::sql::ObjectKind::kView, N, M, false); }
plain_statement(A) ::= ALTER(T) VIEW IF EXISTS qualified_name(N) RENAME TO colid(M). { A = b->rename(T, rowan::sql::ObjectKind::kView, N, M, true); }
plain_statement(A) ::= ALTER(T) MATERIALIZED VIEW qualified_name(N) RENAME TO colid(M). { A = b->rename(T, rowan::sql::ObjectKind::kMaterializedView, N, M, false); }
plain_statement(A) ::= ALTER(T) MATERIALIZED VIEW IF EXISTS qualified_name(N) RENAME TO colid(M). { A = b->rename(T, rowan::sql::ObjectKind::kMaterializedView, N, M, true); }
plain_statement(A) ::= ALTER(T) SEQUENCE qualified_name(N) RENAME TO colid(M). { A = b->rename(T, rowan::sql::ObjectKind::kSequence, N, M, false); }
plain_statement(A) ::= ALTER(T) SEQUENCE IF EXISTS qualified_name(N) RENAME TO colid(M). { A = b->rename(T, rowan::sql::ObjectKind::kSequence, N, M, true); }

plain_statement(A) ::= DROP(T) INDEX concurrently(K) qualified_list(L) on_table(N) drop_behavior(C). { A = b->concurrently(b->drop_index(T, L, N, false, C), K); }
plain_statement(A) ::= DROP(T) INDEX concurrently(K) IF EXISTS qualified_list(L) on_table(N) drop_behavior(C). { A = b->concurrently(b->drop_index(T, L, N, true, C), K); }
plain_statement(A) ::= DROP(T) drop_kind(K) qualified_list(L) drop_behavior(C). { A = b->drop(T, K, L, false, C); }
plain_statement(A) ::= DROP(T) drop_kind(K) IF EXISTS qualified_list(L) drop_behavior(C). { A = b->drop(T, K, L, true, C); }
%type drop_kind {rowan::sql::ObjectKind}
drop_kind(A) ::= VIEW. { A = rowan::sql::ObjectKind::kView; }
drop_kind(A) ::= MATERIALIZED VIEW. { A = rowan::sql::ObjectKind::kMaterializedView; }
drop_kind(A) ::= SEQUENCE. { A = rowan::sql::ObjectKind::kSequence; }
%type on_table {rowan::sql::QualifiedName*}
on_table(A) ::= . { A = nullptr; }
on_table(A) ::= ON qualified_name(N). { A = N; }

plain_statement(A) ::= CREATE(T) VIEW qualified_name(N) name_list_opt(C) AS select_statement(S). { A = b->create_view(T, N, C, S, false); }
plain_statement(A) ::= CREATE(T) OR REPLACE VIEW qualified_name(N) name_list_opt(C) AS select_statement(S). { A = b->create_view(T, N, C, S, true); }
plain_statement(A) ::= CREATE(T) MATERIALIZED VIEW qualified_name(N) view_columns(C) AS select_statement(S) with_data(D). { A = b->materialized_view(T, N, C, S, D, false); }
plain_statement(A) ::= CREATE(T) MATERIALIZED VIEW IF NOT EXISTS qualified_name(N) view_columns(C) AS select_statement(S) with_data(D). { A = b->materialized_view(T, N, C, S, D, true); }
plain_statement(A) ::= REFRESH(T) MATERIALIZED VIEW concurrently(K) qualified_name(N) with_data(D). { A = b->refresh(T, N, D, K); }
plain_statement(A) ::= REFRESH(T) VIEW concurrently(K) qualified_name(N) with_data(D). { A = b->refresh(T, N, D, K); }
// Names as users write them, or the typed columns of the stored form, which go to the builder.
%type view_columns {rowan::sql::NameList*}
view_columns(A) ::= . { A = nullptr; }
view_columns(A) ::= LP name_list(L) RP. { A = L; }
view_columns(A) ::= LP stored_columns RP. { A = nullptr; }
stored_columns ::= column_definition. { b->end_column(); }
stored_columns ::= stored_columns COMMA column_definition. { b->end_column(); }
%type with_data {bool}
with_data(A) ::= . { A = true; }
with_data(A) ::= WITH DATA. { A = true; }
with_data(A) ::= WITH NO DATA. { A = false; }

plain_statement(A) ::= CREATE(T) SEQUENCE qualified_name(N). { A = b->sequence(T, N, true, false); }
plain_statement(A) ::= CREATE(T) SEQUENCE qualified_name(N) sequence_options. { A = b->sequence(T, N, true, false); }
plain_statement(A) ::= CREATE(T) SEQUENCE IF NOT EXISTS qualified_name(N). { A = b->sequence(T, N, true, true); }
plain_statement(A) ::= CREATE(T) SEQUENCE IF NOT EXISTS qualified_name(N) sequence_options. { A = b->sequence(T, N, true, true); }
plain_statement(A) ::= ALTER(T) SEQUENCE qualified_name(N) sequence_options. { A = b->sequence(T, N, false, false); }
plain_statement(A) ::= ALTER(T) SEQUENCE IF EXISTS qualified_name(N) sequence_options. { A = b->sequence(T, N, false, true); }
sequence_options ::= sequence_option.
sequence_options ::= sequence_options sequence_option.
sequence_option ::= AS(T) simple_type(Y). { b->sequence_type(T, Y); }
sequence_option ::= START(T) with_word signed_integer(N). { b->sequence_number(T, N); }
sequence_option ::= INCREMENT(T) by_word signed_integer(N). { b->sequence_number(T, N); }
sequence_option ::= MINVALUE(T) signed_integer(N). { b->sequence_number(T, N); }
sequence_option ::= MAXVALUE(T) signed_integer(N). { b->sequence_number(T, N); }
sequence_option ::= CACHE(T) signed_integer(N). { b->sequence_number(T, N); }
sequence_option ::= RESTART(T). { b->sequence_restart(T); }
sequence_option ::= RESTART(T) with_word signed_integer(N). { b->sequence_number(T, N); }
sequence_option ::= NO MINVALUE(T). { b->sequence_no_bound(T); }
sequence_option ::= NO MAXVALUE(T). { b->sequence_no_bound(T); }
sequence_option ::= CYCLE(T). { b->sequence_cycle(T, true); }
sequence_option ::= NO CYCLE(T). { b->sequence_cycle(T, false); }
sequence_option ::= OWNED(T) BY qualified_name(N). { b->sequence_owner(T, N); }
sequence_option ::= SEQUENCE(T) IDENT(W) qualified_name(N). { b->sequence_name(T, W, N); }
with_word ::= .
with_word ::= WITH.
by_word ::= .
by_word ::= BY.
%type signed_integer {int64_t}
signed_integer(A) ::= INTEGER(N). { A = b->integer(N, false); }
signed_integer(A) ::= PLUS INTEGER(N). { A = b->integer(N, false); }
signed_integer(A) ::= MINUS INTEGER(N). { A = b->integer(N, true); }

// ---- Transactions ---------------------------------------------------------------------------------------------------

plain_statement(A) ::= BEGIN(T) work modes_opt(M). { A = b->transaction(T, rowan::sql::StatementKind::kBegin, M); }
plain_statement(A) ::= START(T) TRANSACTION modes_opt(M). { A = b->start_transaction(T, M); }
plain_statement(A) ::= COMMIT(T) work. { A = b->transaction(T, rowan::sql::StatementKind::kCommit, {}); }
plain_statement(A) ::= END(T) work. { A = b->transaction(T, rowan::sql::StatementKind::kCommit, {}); }
plain_statement(A) ::= COMMIT(T) work MESSAGE STRING(M). { A = b->commit_message(T, M); }
plain_statement(A) ::= END(T) work MESSAGE STRING(M). { A = b->commit_message(T, M); }
plain_statement(A) ::= ROLLBACK(T) work. { A = b->transaction(T, rowan::sql::StatementKind::kRollback, {}); }
plain_statement(A) ::= ABORT(T) work. { A = b->transaction(T, rowan::sql::StatementKind::kRollback, {}); }
plain_statement(A) ::= SAVEPOINT(T) colid(N). { A = b->savepoint(T, rowan::sql::StatementKind::kSavepoint, N); }
plain_statement(A) ::= RELEASE(T) colid(N). { A = b->savepoint(T, rowan::sql::StatementKind::kReleaseSavepoint, N); }
plain_statement(A) ::= RELEASE(T) SAVEPOINT colid(N). { A = b->savepoint(T, rowan::sql::StatementKind::kReleaseSavepoint, N); }
plain_statement(A) ::= ROLLBACK(T) work TO colid(N). { A = b->savepoint(T, rowan::sql::StatementKind::kRollbackTo, N); }
plain_statement(A) ::= ROLLBACK(T) work TO SAVEPOINT colid(N). { A = b->savepoint(T, rowan::sql::StatementKind::kRollbackTo, N); }
plain_statement(A) ::= SET(T) TRANSACTION modes(M). { A = b->transaction(T, rowan::sql::StatementKind::kSetTransaction, M); }
work ::= .
work ::= WORK.
work ::= TRANSACTION.
%type modes_opt {rowan::sql::TransactionModes}
modes_opt(A) ::= . { A = {}; }
modes_opt(A) ::= modes(M). { A = M; }
%type modes {rowan::sql::TransactionModes}
modes(A) ::= mode(M). { A = M; }
modes(A) ::= modes(L) mode(M). { A = b->modes(L, M); }
modes(A) ::= modes(L) COMMA mode(M). { A = b->modes(L, M); }
%type mode {rowan::sql::TransactionModes}
mode(A) ::= ISOLATION LEVEL level(L). { A = {true, L, false, false}; }
mode(A) ::= READ ONLY. { A = {false, {}, true, true}; }
mode(A) ::= READ WRITE. { A = {false, {}, true, false}; }
mode(A) ::= DEFERRABLE. { A = {}; }
mode(A) ::= NOT DEFERRABLE. { A = {}; }
%type level {rowan::sql::IsolationLevel}
level(A) ::= READ UNCOMMITTED. { A = rowan::sql::IsolationLevel::kReadUncommitted; }
level(A) ::= READ COMMITTED. { A = rowan::sql::IsolationLevel::kReadCommitted; }
level(A) ::= REPEATABLE READ. { A = rowan::sql::IsolationLevel::kRepeatableRead; }
level(A) ::= SERIALIZABLE. { A = rowan::sql::IsolationLevel::kSerializable; }

// ---- Cursors --------------------------------------------------------------------------------------------------------

plain_statement(A) ::= DECLARE(T) colid(N) declare_options(O) CURSOR hold(H) FOR(K) select_statement(S). { A = b->declare(T, N, O, H, K, S); }
%type declare_options {rowan::sql::DeclareStmt*}
declare_options(A) ::= . { A = b->declare_options(); }
declare_options(A) ::= declare_options(O) BINARY(W). { A = b->declare_option(O, W); }
declare_options(A) ::= declare_options(O) INSENSITIVE(W). { A = b->declare_option(O, W); }
declare_options(A) ::= declare_options(O) ASENSITIVE(W). { A = b->declare_option(O, W); }
declare_options(A) ::= declare_options(O) SCROLL(W). { A = b->declare_option(O, W); }
declare_options(A) ::= declare_options(O) NO SCROLL(W). { A = b->declare_option(O, W, true); }
%type hold {bool}
hold(A) ::= . { A = false; }
hold(A) ::= WITH HOLD. { A = true; }
hold(A) ::= WITHOUT HOLD. { A = false; }

plain_statement(A) ::= FETCH(T) fetch_what(W) colid(N). { A = b->fetch_from(T, rowan::sql::StatementKind::kFetch, W, N); }
plain_statement(A) ::= MOVE(T) fetch_what(W) colid(N). { A = b->fetch_from(T, rowan::sql::StatementKind::kMove, W, N); }
%type fetch_what {rowan::sql::FetchStmt*}
fetch_what(A) ::= from_in. { A = b->fetch(rowan::sql::FetchDirection::kForward, 1); }
fetch_what(A) ::= NEXT from_in. { A = b->fetch(rowan::sql::FetchDirection::kForward, 1); }
fetch_what(A) ::= PRIOR from_in. { A = b->fetch(rowan::sql::FetchDirection::kBackward, 1); }
fetch_what(A) ::= FIRST from_in. { A = b->fetch(rowan::sql::FetchDirection::kAbsolute, 1); }
fetch_what(A) ::= LAST from_in. { A = b->fetch(rowan::sql::FetchDirection::kAbsolute, -1); }
fetch_what(A) ::= ALL from_in. { A = b->fetch(rowan::sql::FetchDirection::kForward, rowan::sql::kFetchAll); }
fetch_what(A) ::= fetch_step(D) from_in. { A = b->fetch(D, 1); }
fetch_what(A) ::= fetch_step(D) ALL from_in. { A = b->fetch(D, rowan::sql::kFetchAll); }
fetch_what(A) ::= fetch_by(D) INTEGER(N) from_in. { A = b->fetch_count(D, N, false); }
fetch_what(A) ::= fetch_by(D) PLUS INTEGER(N) from_in. { A = b->fetch_count(D, N, false); }
fetch_what(A) ::= fetch_by(D) MINUS INTEGER(N) from_in. { A = b->fetch_count(D, N, true); }
%type fetch_step {rowan::sql::FetchDirection}
fetch_step(A) ::= FORWARD. { A = rowan::sql::FetchDirection::kForward; }
fetch_step(A) ::= BACKWARD. { A = rowan::sql::FetchDirection::kBackward; }
%type fetch_by {rowan::sql::FetchDirection}
fetch_by(A) ::= . { A = rowan::sql::FetchDirection::kForward; }
fetch_by(A) ::= fetch_step(D). { A = D; }
fetch_by(A) ::= ABSOLUTE. { A = rowan::sql::FetchDirection::kAbsolute; }
fetch_by(A) ::= RELATIVE. { A = rowan::sql::FetchDirection::kRelative; }
from_in ::= .
from_in ::= FROM.
from_in ::= IN.
plain_statement(A) ::= CLOSE(T) colid(N). { A = b->close(T, N.text()); }
plain_statement(A) ::= CLOSE(T) ALL. { A = b->close(T, {}); }

// ---- VACUUM and ANALYZE ---------------------------------------------------------------------------------------------

plain_statement(A) ::= VACUUM(T) vacuum_words vacuum_tables(L). { A = b->maintenance(T, rowan::sql::StatementKind::kVacuum, L); }
plain_statement(A) ::= VACUUM(T) LP vacuum_options RP vacuum_tables(L). { A = b->maintenance(T, rowan::sql::StatementKind::kVacuum, L); }
plain_statement(A) ::= ANALYZE(T) vacuum_tables(L). { A = b->maintenance(T, rowan::sql::StatementKind::kAnalyze, L); }
plain_statement(A) ::= ANALYZE(T) VERBOSE vacuum_tables(L). { A = b->maintenance(T, rowan::sql::StatementKind::kAnalyze, L); }
plain_statement(A) ::= ANALYZE(T) LP analyze_options RP vacuum_tables(L). { A = b->maintenance(T, rowan::sql::StatementKind::kAnalyze, L); }
vacuum_words ::= vacuum_full vacuum_freeze vacuum_verbose vacuum_analyze.
vacuum_full ::= .
vacuum_full ::= FULL.
vacuum_freeze ::= .
vacuum_freeze ::= FREEZE.
vacuum_verbose ::= .
vacuum_verbose ::= VERBOSE.
vacuum_analyze ::= .
vacuum_analyze ::= ANALYZE.
vacuum_options ::= vacuum_option(N) option_value(V). { b->maintenance_option(rowan::sql::StatementKind::kVacuum, N, V); }
vacuum_options ::= vacuum_options COMMA vacuum_option(N) option_value(V). { b->maintenance_option(rowan::sql::StatementKind::kVacuum, N, V); }
analyze_options ::= vacuum_option(N) option_value(V). { b->maintenance_option(rowan::sql::StatementKind::kAnalyze, N, V); }
analyze_options ::= analyze_options COMMA vacuum_option(N) option_value(V). { b->maintenance_option(rowan::sql::StatementKind::kAnalyze, N, V); }
%type vacuum_option {rowan::sql::Token}
vacuum_option(A) ::= IDENT(T). { A = T; }
vacuum_option(A) ::= TYPE_FUNC(T). { A = T; }
vacuum_option(A) ::= ANALYZE(T). { A = T; }
vacuum_option(A) ::= VERBOSE(T). { A = T; }
vacuum_option(A) ::= FULL(T). { A = T; }
%type vacuum_tables {rowan::sql::QualifiedList*}
vacuum_tables(A) ::= . { A = nullptr; }
vacuum_tables(A) ::= vacuum_table_list(L). { A = L; }
%type vacuum_table_list {rowan::sql::QualifiedList*}
vacuum_table_list(A) ::= qualified_name(N) name_list_opt. { A = b->start(*N); }
vacuum_table_list(A) ::= vacuum_table_list(L) COMMA qualified_name(N) name_list_opt. { A = b->append(L, *N); }

// ---- Settings -------------------------------------------------------------------------------------------------------

plain_statement(A) ::= SET(T) set_scope(L) setting_name(N) to_or_eq setting_values(V). { A = b->set(T, L, N, V); }
plain_statement(A) ::= SET(T) set_scope(L) setting_name(N) to_or_eq DEFAULT. { A = b->set_default(T, L, N); }
plain_statement(A) ::= SET(T) set_scope(L) TIME ZONE setting_value(V). { A = b->set_named(T, L, "timezone", V.words); }
plain_statement(A) ::= SET(T) set_scope(L) TIME ZONE INTERVAL STRING(V) zone_fields. { A = b->set_zone_offset(T, L, V); }
zone_fields ::= .
zone_fields ::= INTERVAL_FIELDS.
plain_statement(A) ::= SET(T) set_scope(L) TIME ZONE DEFAULT. { A = b->set_default(T, L, "timezone"); }
plain_statement(A) ::= SET(T) set_scope(L) NAMES setting_value(V). { A = b->set_named(T, L, "client_encoding", V.words); }
plain_statement(A) ::= SET(T) set_scope(L) SCHEMA STRING(V). { A = b->set(T, L, "search_path", b->setting_name(V)); }
plain_statement(A) ::= SET(T) SESSION CHARACTERISTICS AS TRANSACTION modes(M). { A = b->session_modes(T, M); }
plain_statement(A) ::= RESET(T) setting_name(N). { A = b->setting(T, rowan::sql::StatementKind::kReset, N); }
plain_statement(A) ::= RESET(T) ALL. { A = b->setting(T, rowan::sql::StatementKind::kReset, "all"); }
plain_statement(A) ::= RESET(T) TIME ZONE. { A = b->setting(T, rowan::sql::StatementKind::kReset, "timezone"); }
plain_statement(A) ::= DISCARD(T) ALL. { A = b->setting(T, rowan::sql::StatementKind::kDiscard, "all"); }
plain_statement(A) ::= DISCARD(T) colid(W). { A = b->discard(T, W); }
plain_statement(A) ::= PREPARE(T) colid(N) AS(K) preparable. { A = b->prepare(T, N, nullptr, K); }
plain_statement(A) ::= PREPARE(T) colid(N) LP type_list(L) RP AS(K) preparable. { A = b->prepare(T, N, L, K); }
%type preparable {rowan::sql::Statement*}
preparable(A) ::= explainable(S). { A = S; }
%type type_list {rowan::sql::TypeNameList*}
type_list(A) ::= type_name(N). { A = b->start(*N); }
type_list(A) ::= type_list(L) COMMA type_name(N). { A = b->append(L, *N); }
plain_statement(A) ::= EXECUTE(T) colid(N). { A = b->execute(T, N, nullptr); }
plain_statement(A) ::= EXECUTE(T) colid(N) LP expr_list(L) RP. { A = b->execute(T, N, L); }
plain_statement(A) ::= DEALLOCATE(T) colid(N). { A = b->deallocate(T, N); }
plain_statement(A) ::= DEALLOCATE(T) PREPARE colid(N). { A = b->deallocate(T, N); }
plain_statement(A) ::= DEALLOCATE(T) ALL. { A = b->deallocate(T, {}); }
plain_statement(A) ::= DEALLOCATE(T) PREPARE ALL. { A = b->deallocate(T, {}); }
plain_statement(A) ::= SHOW(T) setting_name(N). { A = b->setting(T, rowan::sql::StatementKind::kShow, N); }
plain_statement(A) ::= SHOW(T) ALL. { A = b->setting(T, rowan::sql::StatementKind::kShow, "all"); }
plain_statement(A) ::= SHOW(T) TIME ZONE. { A = b->setting(T, rowan::sql::StatementKind::kShow, "timezone"); }
plain_statement(A) ::= SHOW(T) TRANSACTION ISOLATION LEVEL. { A = b->setting(T, rowan::sql::StatementKind::kShow, "transaction_isolation"); }
%type set_scope {bool}
set_scope(A) ::= . { A = false; }
set_scope(A) ::= SESSION. { A = false; }
set_scope(A) ::= LOCAL. { A = true; }
to_or_eq ::= TO.
to_or_eq ::= EQ.
%type setting_name {const char*}
setting_name(A) ::= IDENT(N). { A = b->text(N.text()); }
setting_name(A) ::= IDENT(S) DOT label(N). { A = b->dotted(S, N); }
%type setting_values {rowan::sql::SettingText}
setting_values(A) ::= setting_value(V). { A = V; }
setting_values(A) ::= setting_values(L) COMMA setting_value(V). { A = b->joined(L, V); }
%type setting_value {rowan::sql::SettingText}
setting_value(A) ::= IDENT(T). { A = b->setting_name(T); }
setting_value(A) ::= STRING(T). { A = b->setting_name(T); }
setting_value(A) ::= INTEGER(T). { A = b->setting_word(b->text(T.text())); }
setting_value(A) ::= DECIMAL(T). { A = b->setting_word(b->text(T.text())); }
setting_value(A) ::= TRUE(T). { A = b->setting_word(b->text(T.text())); }
setting_value(A) ::= FALSE(T). { A = b->setting_word(b->text(T.text())); }
setting_value(A) ::= ON(T). { A = b->setting_word(b->text(T.text())); }
setting_value(A) ::= FULL(T). { A = b->setting_word(b->text(T.text())); }
setting_value(A) ::= PLUS(S) INTEGER(T). { A = b->setting_word(b->signed_text(S, T)); }
setting_value(A) ::= PLUS(S) DECIMAL(T). { A = b->setting_word(b->signed_text(S, T)); }
setting_value(A) ::= MINUS(S) INTEGER(T). { A = b->setting_word(b->signed_text(S, T)); }
setting_value(A) ::= MINUS(S) DECIMAL(T). { A = b->setting_word(b->signed_text(S, T)); }

// ---- Version control ------------------------------------------------------------------------------------------------

plain_statement(A) ::= SHOW(T) LOG log_options(O). { A = b->show_log(T, rowan::sql::StatementKind::kShowLog, O); }
plain_statement(A) ::= SHOW(T) TRANSACTIONS. { A = b->show_log(T, rowan::sql::StatementKind::kShowTransactions, b->log_options()); }
plain_statement(A) ::= SHOW(T) TRANSACTIONS LIMIT a_expr(L). { A = b->show_log(T, rowan::sql::StatementKind::kShowTransactions, b->log_limit(b->log_options(), L)); }
%type log_options {rowan::sql::ShowLogStmt*}
log_options(A) ::= . { A = b->log_options(); }
log_options(A) ::= log_options(O) FOR qualified_name(N). { A = b->log_table(O, N); }
log_options(A) ::= log_options(O) KEY key_value(K). { A = b->log_key(O, K); }
log_options(A) ::= log_options(O) ON revision(R). { A = b->log_branch(O, R); }
log_options(A) ::= log_options(O) AUTHOR(T) text(V). { A = b->log_text(O, T, V); }
log_options(A) ::= log_options(O) PATH(T) text(V). { A = b->log_text(O, T, V); }
log_options(A) ::= log_options(O) GREP(T) text(V). { A = b->log_text(O, T, V); }
log_options(A) ::= log_options(O) SINCE(T) b_expr(E). { A = b->log_time(O, T, E); }
log_options(A) ::= log_options(O) UNTIL(T) b_expr(E). { A = b->log_time(O, T, E); }
log_options(A) ::= log_options(O) LIMIT a_expr(L). { A = b->log_limit(O, L); }
// The key of one row: a value, or one per key column.
%type key_value {rowan::sql::Expr*}
key_value(A) ::= key_part(E). { A = E; }
key_value(A) ::= LP(T) key_parts(L) RP. { A = b->key_row(T, L); }
%type key_parts {rowan::sql::ExprList*}
key_parts(A) ::= key_part(E). { A = b->start(E); }
key_parts(A) ::= key_parts(L) COMMA key_part(E). { A = b->append(L, E); }
%type key_part {rowan::sql::Expr*}
key_part(A) ::= signed_literal(E). { A = E; }
key_part(A) ::= PARAMETER(T). { A = b->parameter(T); }

plain_statement(A) ::= SHOW(T) DIFF diff_options(O). { A = b->show_diff(T, O); }
%type diff_options {rowan::sql::DiffStmt*}
diff_options(A) ::= . { A = b->diff_options(); }
diff_options(A) ::= diff_options(O) STAT(T). { A = b->diff_form(O, T); }
diff_options(A) ::= diff_options(O) SCHEMA(T). { A = b->diff_form(O, T); }
diff_options(A) ::= diff_options(O) FOR qualified_name(N). { A = b->diff_table(O, N); }
diff_options(A) ::= diff_options(O) text(R). { A = b->diff_range(O, R); }
diff_options(A) ::= diff_options(O) FROM revision(R). { A = b->diff_from(O, R); }
diff_options(A) ::= diff_options(O) TO revision(R). { A = b->diff_to(O, R); }
diff_options(A) ::= diff_options(O) LIMIT key_part(L). { A = b->diff_limit(O, L); }

plain_statement(A) ::= BLAME(T) qualified_name(N) blame_options(O). { A = b->blame(T, N, O); }
%type blame_options {rowan::sql::BlameStmt*}
blame_options(A) ::= . { A = b->blame_options(); }
blame_options(A) ::= blame_options(O) KEY key_value(K). { A = b->blame_key(O, K); }
blame_options(A) ::= blame_options(O) AS_OF revision(R). { A = b->blame_revision(O, R); }
blame_options(A) ::= blame_options(O) CELLS. { A = b->blame_cells(O); }

plain_statement(A) ::= SHOW(T) BRANCHES. { A = b->show(T, rowan::sql::StatementKind::kShowBranches, nullptr); }
plain_statement(A) ::= SHOW(T) TAGS. { A = b->show(T, rowan::sql::StatementKind::kShowTags, nullptr); }
plain_statement(A) ::= SHOW(T) FOREIGN. { A = b->show(T, rowan::sql::StatementKind::kShowForeign, nullptr); }
plain_statement(A) ::= SHOW(T) STATUS. { A = b->show(T, rowan::sql::StatementKind::kShowStatus, nullptr); }
plain_statement(A) ::= SHOW(T) TABLES in_schema(N). { A = b->show(T, rowan::sql::StatementKind::kShowTables, N); }
plain_statement(A) ::= SHOW(T) VIEWS in_schema(N). { A = b->show(T, rowan::sql::StatementKind::kShowViews, N); }
plain_statement(A) ::= SHOW(T) INDEX of_table(N). { A = b->show(T, rowan::sql::StatementKind::kShowIndexes, N); }
plain_statement(A) ::= SHOW(T) INDEXES of_table(N). { A = b->show(T, rowan::sql::StatementKind::kShowIndexes, N); }
plain_statement(A) ::= SHOW(T) CONFLICTS of_table(N). { A = b->show(T, rowan::sql::StatementKind::kShowConflicts, N); }
plain_statement(A) ::= SHOW(T) MERGE CONFLICTS of_table(N). { A = b->show(T, rowan::sql::StatementKind::kShowConflicts, N); }
plain_statement(A) ::= SHOW(T) REFLOG. { A = b->show(T, rowan::sql::StatementKind::kShowReflog, nullptr); }
plain_statement(A) ::= SHOW(T) REFLOG revision(R). { A = b->show_reflog(T, R); }
plain_statement(A) ::= SHOW(T) REFLOG FOR revision(R). { A = b->show_reflog(T, R); }
plain_statement(A) ::= SHOW(T) REFLOG ON revision(R). { A = b->show_reflog(T, R); }
plain_statement(A) ::= SHOW(T) DATABASES. { A = b->show(T, rowan::sql::StatementKind::kShowDatabases, nullptr); }
plain_statement(A) ::= DESCRIBE(T) qualified_name(N). { A = b->show(T, rowan::sql::StatementKind::kDescribe, N); }
%type in_schema {rowan::sql::QualifiedName*}
in_schema(A) ::= . { A = nullptr; }
in_schema(A) ::= IN qualified_name(N). { A = N; }
in_schema(A) ::= FROM qualified_name(N). { A = N; }
%type of_table {rowan::sql::QualifiedName*}
of_table(A) ::= in_schema(N). { A = N; }
of_table(A) ::= ON qualified_name(N). { A = N; }
of_table(A) ::= FOR qualified_name(N). { A = N; }

plain_statement(A) ::= CREATE(T) BRANCH branch_name(N) branch_from(F). { A = b->branch(T, N, F, false); }
plain_statement(A) ::= CREATE(T) BRANCH IF NOT EXISTS branch_name(N) branch_from(F). { A = b->branch(T, N, F, true); }
plain_statement(A) ::= DROP(T) BRANCH branch_name(N) force(F). { A = b->drop_branch(T, N, false, F); }
plain_statement(A) ::= DROP(T) BRANCH IF EXISTS branch_name(N) force(F). { A = b->drop_branch(T, N, true, F); }
plain_statement(A) ::= RENAME(T) BRANCH branch_name(N) TO branch_name(M). { A = b->rename_branch(T, N, M); }
plain_statement(A) ::= ALTER(T) BRANCH branch_name(N) RENAME TO branch_name(M). { A = b->rename_branch(T, N, M); }
plain_statement(A) ::= CHECKOUT(T) branch_name(N). { A = b->checkout(T, N); }
plain_statement(A) ::= CHECKOUT(T) branch_name(K) branch_name(N) branch_from(F). { A = b->checkout_new(T, K, "new", N, F); }
plain_statement(A) ::= CHECKOUT(T) MINUS branch_name(K) branch_name(N) branch_from(F). { A = b->checkout_new(T, K, "b", N, F); }
plain_statement(A) ::= SWITCH(T) branch_name(N). { A = b->checkout(T, N); }
plain_statement(A) ::= SWITCH(T) BRANCH branch_name(N). { A = b->checkout(T, N); }
plain_statement(A) ::= PROTECT(T) BRANCH branch_name(N). { A = b->alter_branch(T, N, rowan::sql::StatementKind::kProtectBranch, {}, {}); }
plain_statement(A) ::= UNPROTECT(T) BRANCH branch_name(N). { A = b->alter_branch(T, N, rowan::sql::StatementKind::kUnprotectBranch, {}, {}); }
plain_statement(A) ::= ALTER(T) BRANCH branch_name(N) SET HISTORY POLICY EVERY STRING(E). { A = b->alter_branch(T, N, rowan::sql::StatementKind::kSetHistoryPolicy, E, {}); }
plain_statement(A) ::= ALTER(T) BRANCH branch_name(N) SET HISTORY POLICY EVERY STRING(E) KEEP STRING(K). { A = b->alter_branch(T, N, rowan::sql::StatementKind::kSetHistoryPolicy, E, K); }
plain_statement(A) ::= ALTER(T) BRANCH branch_name(N) DROP HISTORY POLICY. { A = b->alter_branch(T, N, rowan::sql::StatementKind::kDropHistoryPolicy, {}, {}); }
plain_statement(A) ::= CALL(T) call(C). { A = b->call_statement(T, C); }
plain_statement(A) ::= CHECKPOINT(T). { A = b->simple(T, rowan::sql::StatementKind::kCheckpoint); }
%type branch_name {rowan::sql::Token}
branch_name(A) ::= IDENT(T). { A = T; }
branch_name(A) ::= STRING(T). { A = T; }
branch_name(A) ::= PARAMETER(T). { A = b->text_parameter(T); }
%type branch_from {rowan::sql::Token}
branch_from(A) ::= . { A = {}; }
branch_from(A) ::= FROM revision(R). { A = R; }
%type revision {rowan::sql::Token}
revision(A) ::= branch_name(T). { A = b->revision_word(T); }
%type force {bool}
force(A) ::= . { A = false; }
force(A) ::= FORCE. { A = true; }
%type message {rowan::sql::Token}
message(A) ::= . { A = {}; }
message(A) ::= MESSAGE text(M). { A = M; }
%type text {rowan::sql::Token}
text(A) ::= STRING(T). { A = T; }
text(A) ::= PARAMETER(T). { A = b->text_parameter(T); }

plain_statement(A) ::= MERGE(T) revision_list(L) merge_options(O). { A = b->merge(T, L, O); }
plain_statement(A) ::= MERGE(T) BRANCH revision_list(L) merge_options(O). { A = b->merge(T, L, O); }
%type revision_list {rowan::sql::GivenList*}
revision_list(A) ::= revision(R). { A = b->start(b->given(R)); }
revision_list(A) ::= revision_list(L) COMMA revision(R). { A = b->append(L, b->given(R)); }
%type merge_options {rowan::sql::MergeStmt*}
merge_options(A) ::= . { A = b->merge_options(); }
merge_options(A) ::= merge_options(O) DRY RUN. { A = b->merge_dry_run(O); }
merge_options(A) ::= merge_options(O) MESSAGE text(M). { A = b->merge_message(O, M); }
merge_options(A) ::= merge_options(O) merge_policies(L). { A = b->merge_policies(O, L); }
%type merge_policies {rowan::sql::TokenList*}
merge_policies(A) ::= WITH merge_words(W). { A = b->start(W); }
merge_policies(A) ::= merge_policies(L) COMMA WITH merge_words(W). { A = b->append(L, W); }
merge_policies(A) ::= merge_policies(L) COMMA merge_words(W). { A = b->append(L, W); }
// The words of one policy; the builder knows them, so that they need not be keywords.
%type merge_words {rowan::sql::Token}
merge_words(A) ::= merge_word(T). { A = T; }
merge_words(A) ::= merge_words(W) merge_word(T). { A = b->join_words(W, T); }
%type merge_word {rowan::sql::Token}
merge_word(A) ::= IDENT(T). { A = T; }
merge_word(A) ::= ROW(T). { A = T; }
merge_word(A) ::= ONLY(T). { A = T; }
plain_statement(A) ::= COMMIT(T) MERGE message(M). { A = b->commit_merge(T, M); }
plain_statement(A) ::= ABORT(T) MERGE. { A = b->simple(T, rowan::sql::StatementKind::kAbortMerge); }

plain_statement(A) ::= RESOLVE(T) CONFLICT conflict_key(K) USING resolve_side(S). { A = b->resolve(T, K, S); }
plain_statement(A) ::= RESOLVE(T) CONFLICT IN qualified_name(N) KEY key_value(K) USING resolve_side(S). { A = b->resolve(T, {N, K, nullptr, {}}, S); }
plain_statement(A) ::= RESOLVE(T) CONFLICTS USING resolve_side(S). { A = b->resolve(T, {nullptr, nullptr, nullptr, {}}, S); }
plain_statement(A) ::= RESOLVE(T) CONFLICTS IN qualified_name(N) where(W) USING resolve_side(S). { A = b->resolve(T, {N, nullptr, W, {}}, S); }
%type resolve_side {rowan::sql::Token}
resolve_side(A) ::= IDENT(T). { A = T; }
resolve_side(A) ::= text(T). { A = T; }
// schema.table.key: the last part is the key. `.42` arrives as one number.
%type conflict_key {rowan::sql::ResolveTarget}
conflict_key(A) ::= conflict_path(P). { A = b->conflict_word(P); }
conflict_key(A) ::= conflict_path(P) DECIMAL(K). { A = b->conflict_number(P, K, {}); }
conflict_key(A) ::= conflict_path(P) DECIMAL(K) DECIMAL(F). { A = b->conflict_number(P, K, F); }
conflict_key(A) ::= conflict_path(P) DOT STRING(K). { A = b->conflict_value(P, b->literal(rowan::sql::LiteralKind::kString, K)); }
conflict_key(A) ::= conflict_path(P) DOT MINUS(T) INTEGER(K). { A = b->conflict_value(P, b->unary(T, b->number(K))); }
conflict_key(A) ::= conflict_path(P) DOT MINUS(T) DECIMAL(K). { A = b->conflict_value(P, b->unary(T, b->number(K))); }
conflict_key(A) ::= conflict_path(P) DOT PARAMETER(K). { A = b->conflict_value(P, b->parameter(K)); }
conflict_key(A) ::= conflict_path(P) DOT LP(T) key_parts(L) RP. { A = b->conflict_value(P, b->key_row(T, L)); }
%type conflict_path {rowan::sql::TokenList*}
conflict_path(A) ::= colid(T). { A = b->start(T); }
conflict_path(A) ::= conflict_path(P) DOT label(T). { A = b->append(P, T); }

plain_statement(A) ::= CREATE(T) tag_word(K) branch_name(N) branch_from(F) message(M). { A = b->create_tag(T, K, N, F, M, false); }
plain_statement(A) ::= CREATE(T) tag_word(K) IF NOT EXISTS branch_name(N) branch_from(F) message(M). { A = b->create_tag(T, K, N, F, M, true); }
plain_statement(A) ::= DROP(T) tag_word(K) branch_name(N). { A = b->drop_tag(T, K, N, false); }
plain_statement(A) ::= DROP(T) tag_word(K) IF EXISTS branch_name(N). { A = b->drop_tag(T, K, N, true); }
// True for a snapshot.
%type tag_word {bool}
tag_word(A) ::= TAG. { A = false; }
tag_word(A) ::= SNAPSHOT. { A = true; }

plain_statement(A) ::= RESTORE(T) TO revision(R) message(M). { A = b->restore(T, R, M); }
plain_statement(A) ::= RESTORE(T) ALL TO revision(R) message(M). { A = b->restore(T, R, M); }
plain_statement(A) ::= RESTORE(T) TABLE qualified_list(L) TO revision(R) message(M). { A = b->restore_tables(T, L, R, M); }
plain_statement(A) ::= RESTORE(T) DATABASE colid(N) TO revision(R) message(M). { A = b->restore_schema(T, N, R, M); }
plain_statement(A) ::= RESTORE(T) SCHEMA colid(N) TO revision(R) message(M). { A = b->restore_schema(T, N, R, M); }

plain_statement(A) ::= REVERT(T) revision_list(L) revision_options(O). { A = b->revisions(T, rowan::sql::StatementKind::kRevert, L, O); }
plain_statement(A) ::= CHERRY(T) MINUS PICK revision_list(L) revision_options(O). { A = b->revisions(T, rowan::sql::StatementKind::kCherryPick, L, O); }
plain_statement(A) ::= SQUASH(T) SINCE revision(R) revision_options(O). { A = b->revisions(T, rowan::sql::StatementKind::kSquash, b->start(b->given(R)), O); }
plain_statement(A) ::= TAKE(T) FOREIGN revision(R) message(M). { A = b->revisions(T, rowan::sql::StatementKind::kTakeForeign, b->start(b->given(R)), b->revision_message({}, M)); }
plain_statement(A) ::= DROP(T) FOREIGN revision(R). { A = b->revisions(T, rowan::sql::StatementKind::kDropForeign, b->start(b->given(R)), {}); }
plain_statement(A) ::= REBASE(T) revision(R). { A = b->revisions(T, rowan::sql::StatementKind::kRebase, b->start(b->given(R)), {}); }
plain_statement(A) ::= REBASE(T) ONTO revision(R). { A = b->revisions(T, rowan::sql::StatementKind::kRebase, b->start(b->given(R)), {}); }
plain_statement(A) ::= RESET(T) TO revision(R) force(F). { A = b->reset_to(T, R, F); }
plain_statement(A) ::= RESET(T) BRANCH TO revision(R) force(F). { A = b->reset_to(T, R, F); }
plain_statement(A) ::= RESET(T) HARD revision(R) force(F). { A = b->reset_to(T, R, F); }
plain_statement(A) ::= RESET(T) HARD TO revision(R) force(F). { A = b->reset_to(T, R, F); }
// FORCE belongs to SQUASH, PARENT to the others; the builder says so.
%type revision_options {rowan::sql::RevisionOptions}
revision_options(A) ::= . { A = {}; }
revision_options(A) ::= revision_options(O) MESSAGE text(M). { A = b->revision_message(O, M); }
revision_options(A) ::= revision_options(O) FORCE(T). { A = b->revision_force(O, T); }
revision_options(A) ::= revision_options(O) PARENT(T) INTEGER(N). { A = b->revision_parent(O, T, N); }
