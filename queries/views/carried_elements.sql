-- purpose: innermost loops whose source reads an element that the iteration before wrote: a[i] = ... a[i - 1] ...
-- grain: loop x array
-- columns: run_id, loop, array, element
-- By the text: the same name, the same outer subscripts, the last one less by one.
WITH texts AS (
    SELECT l.run_id, l.key AS loop, s.text, s.line = l.line AS head
    FROM loops l JOIN source s ON s.run_id = l.run_id AND s.file = l.file AND s.line BETWEEN l.line AND l.end_line
    WHERE l.innermost AND l.end_line - l.line < 40 AND (contains(s.text, '[') OR s.line = l.line)
), reads AS (
    SELECT DISTINCT run_id, loop, unnest(regexp_extract_all(text, '\w+(?:\[[^\[\]]*\])*\[\s*\w+\s*-\s*1\s*\]')) AS element FROM texts WHERE regexp_matches(text, '-\s*1\s*\]')
), parts AS (
    SELECT *, regexp_extract(element, '^\w+', 0) AS array, regexp_extract(element, '^\w+(.*)\[\s*\w+\s*-\s*1\s*\]$', 1) AS outer_subscripts, regexp_extract(element, '\[\s*([A-Za-z_]\w*)\s*-\s*1\s*\]$', 1) AS last
    FROM reads
)
SELECT DISTINCT p.run_id, p.loop, p.array, p.element
FROM parts p JOIN texts t USING (run_id, loop)
WHERE p.last <> '' AND regexp_matches(t.text, '\b' || p.array || regexp_escape(p.outer_subscripts) || '\[\s*' || p.last || '\s*\]\s*[-+*/|&^]?=[^=]')
  -- downwards the one before is the next one, which is read before it is written
  AND NOT EXISTS (FROM texts d WHERE d.run_id = p.run_id AND d.loop = p.loop AND d.head AND regexp_matches(d.text, '--\s*' || p.last || '\b|\b' || p.last || '\s*(--|-=)'))
