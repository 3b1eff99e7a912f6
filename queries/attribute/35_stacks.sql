-- purpose: the source place and loop of each frame of a call chain
-- grain: frame of a chain
-- columns: those of stack_frames, loop, instruction, function, file, line
-- A caller's frame lies inside its call instruction. Of what is inlined there, the innermost place
-- in the program's own sources is the one to show: a call in the body of a header says little. Where the
-- sample itself fell it is the innermost, as in samples.
CREATE TEMP TABLE frame_code AS
SELECT f.stack, f.position, o.address AS instruction, o.loop, o.function, o.file, o.line,
       list_filter(i.frames, lambda x: x.file NOT LIKE '/%')[1] AS own_place
FROM (SELECT s.stack, s.position, a.address
      FROM (FROM stack_frames WHERE own AND address IS NOT NULL) s
      ASOF JOIN (SELECT address FROM instructions_out) a ON s.address >= a.address) f
JOIN instructions_out o USING (address) JOIN instructions i USING (address);

CREATE TEMP TABLE stack_frames_out AS
SELECT f.*, c.loop, c.instruction, coalesce(t.name, c.function) AS function, c.file, c.line
FROM stack_frames f LEFT JOIN (
    SELECT stack, position, loop, instruction,
           CASE WHEN position > 0 THEN coalesce(own_place.function, function) ELSE function END AS function,
           CASE WHEN position > 0 THEN coalesce(own_place.file, file) ELSE file END AS file,
           CASE WHEN position > 0 THEN coalesce(own_place.line, line) ELSE line END AS line
    FROM frame_code) c USING (stack, position)
LEFT JOIN twins t ON t.function = c.function AND t.file = c.file
ORDER BY f.stack, f.position;
