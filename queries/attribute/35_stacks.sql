-- purpose: the source place and loop of each frame of a call chain
-- grain: frame of a chain
-- columns: those of stack_frames, loop, instruction, function, file, line
-- A caller's frame lies inside its call instruction. Of what is inlined there, the innermost place
-- in the program's own sources is the one to show: a call in the body of a header says little. Where the
-- sample itself fell it is the innermost, as in samples.
CREATE TEMP TABLE frame_code AS
SELECT f.stack, f.position, i.address AS instruction, i.loop, i.function, i.file, i.line,
       list_filter(i.frames, lambda x: x.file NOT LIKE '/%')[1] AS own_place
FROM (FROM stack_frames WHERE own AND address IS NOT NULL) f
ASOF JOIN instructions_out i ON f.address >= i.address;

CREATE TEMP TABLE stack_frames_out AS
SELECT f.*, c.loop, c.instruction, CASE WHEN f.position > 0 THEN coalesce(c.own_place.function, c.function) ELSE c.function END AS function,
       CASE WHEN f.position > 0 THEN coalesce(c.own_place.file, c.file) ELSE c.file END AS file,
       CASE WHEN f.position > 0 THEN coalesce(c.own_place.line, c.line) ELSE c.line END AS line
FROM stack_frames f LEFT JOIN frame_code c USING (stack, position)
ORDER BY f.stack, f.position;
