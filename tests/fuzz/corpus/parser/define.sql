CREATE TABLE public.orders (
  id integer NOT NULL SLOT 0 ID 1a2b3c4d,
  note text DEFAULT 'x' SLOT 1 ID 99aa0011 ABSENT 'y',
  DROPPED SLOT 2 ID 12e45678,
  PRIMARY KEY (id)
);
CREATE BRANCH feature-x/y FROM 'main~2'; CHECKOUT feature-x/y; SHOW LOG FOR s.t LIMIT 3; SET search_path TO a, b;
