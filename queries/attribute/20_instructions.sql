-- purpose: the source loop of each instruction
-- grain: instruction
-- columns: those of instructions, and loop
-- The innermost inline frame that lies in a loop of its own function decides. An instruction
-- without a line (the compiler wrote it) belongs to the loop of most of its machine loop.
CREATE TEMP TABLE frame_lists AS
SELECT frames, row_number() OVER () AS id FROM (SELECT DISTINCT frames FROM instructions);

CREATE TEMP TABLE frame_loops AS
SELECT f.frames, arg_min(p.loop, f.position) AS loop
FROM (SELECT frames, unnest(frames) AS frame, generate_subscripts(frames, 1) AS position
      FROM frame_lists) f
JOIN place_loops p ON p.file = f.frame.file AND p.line = f.frame.line
 AND p."column" IS NOT DISTINCT FROM f.frame."column" AND p.function = f.frame.function
GROUP BY f.frames;

CREATE TEMP TABLE located AS
SELECT i.*, f.loop AS by_place
FROM instructions i LEFT JOIN frame_loops f ON i.frames = f.frames;

CREATE TEMP TABLE machine_majority AS
SELECT machine_loop, arg_max(by_place, n) AS loop
FROM (SELECT machine_loop, by_place, count(*) AS n FROM located
      WHERE machine_loop IS NOT NULL AND by_place IS NOT NULL GROUP BY ALL)
GROUP BY machine_loop;

CREATE TEMP TABLE instructions_out AS
SELECT l.* EXCLUDE (by_place), coalesce(by_place, CASE WHEN line IS NULL THEN m.loop END) AS loop
FROM located l LEFT JOIN machine_majority m USING (machine_loop)
ORDER BY address;
