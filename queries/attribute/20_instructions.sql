-- purpose: the source loop of each instruction
-- grain: instruction
-- columns: row (which instruction it is), those of instructions that the joins read but for
-- frames, which are large, and loop
-- The innermost inline frame that lies in a loop of its own function decides. A frame without a
-- line, of a function that has loops, hides which one: like an instruction without any place it
-- belongs to the loop of most of its machine loop, or in none (interpreters dispatch so) of its block.
CREATE TEMP TABLE frame_lists AS
SELECT DISTINCT frames FROM instructions WHERE frames IS NOT NULL;

CREATE TEMP TABLE frame_steps AS
SELECT f.frames, f.position, f.frame.line IS NULL AND f.frame.function IN (SELECT function FROM loops)
           AS hidden, p.loop
FROM (SELECT frames, unnest(frames) AS frame, generate_subscripts(frames, 1) AS position
      FROM frame_lists) f
LEFT JOIN place_loops p ON p.file = f.frame.file AND p.line = f.frame.line
 AND p."column" IS NOT DISTINCT FROM f.frame."column" AND p.function = f.frame.function;

CREATE TEMP TABLE frame_loops AS
SELECT frames, arg_min(loop, position) AS loop, arg_min(hidden, position) AS hidden
FROM frame_steps WHERE loop IS NOT NULL OR hidden
GROUP BY frames;

CREATE TEMP TABLE located AS
SELECT i.* EXCLUDE (frames), CASE WHEN NOT f.hidden THEN f.loop END AS by_place,
       coalesce(f.hidden, i.line IS NULL) AS unplaced
FROM instructions i LEFT JOIN frame_loops f ON i.frames = f.frames;

CREATE TEMP TABLE machine_majority AS
SELECT machine_loop, arg_max(by_place, (n, by_place)) AS loop
FROM (SELECT machine_loop, by_place, count(*) AS n FROM located
      WHERE machine_loop IS NOT NULL AND by_place IS NOT NULL GROUP BY ALL)
GROUP BY machine_loop;

CREATE TEMP TABLE block_majority AS
SELECT block, arg_max(by_place, (n, by_place)) AS loop
FROM (SELECT block, by_place, count(*) AS n FROM located
      WHERE machine_loop IS NULL AND by_place IS NOT NULL GROUP BY ALL)
GROUP BY block;

CREATE TEMP TABLE instructions_out AS
SELECT l.* EXCLUDE (by_place, unplaced),
       coalesce(by_place, CASE WHEN unplaced THEN coalesce(m.loop, b.loop) END) AS loop
FROM located l LEFT JOIN machine_majority m USING (machine_loop)
LEFT JOIN block_majority b ON l.machine_loop IS NULL AND b.block = l.block;
DROP TABLE located;
DROP TABLE frame_lists;
DROP TABLE frame_steps;
DROP TABLE frame_loops;
