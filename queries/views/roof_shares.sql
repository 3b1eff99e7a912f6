-- purpose: how much of what the machine allows an optimisation began with, and how much it came to
-- grain: session
-- columns: session, program, roof_seconds, before, after, after_low, after_high, roof
-- Each is the least time of the original's work by the machine's roofs (`roof_seconds`, one kernel) over
-- the time of the original or the best, on the size that was searched on. `after` is that of the
-- original where nothing was kept; its interval that of the comparison that it was measured in. `before`
-- is by the time that was measured in turn with the best's, where there is one. Where another program was
-- best on the size that was asked for than on the one that was searched on, `after` is not known. `roof`
-- is what the least time goes to, or why it is not known.
WITH known AS (
    SELECT session, any_value(program) AS program,
           max_by(roof_seconds, (run_id, candidate)) FILTER (role = 'proposal') AS roof_seconds,
           max_by(roof, (run_id, candidate)) FILTER (role = 'proposal' AND roof IS NOT NULL) AS roof,
           max_by(seconds, run_id) FILTER (role = 'original') AS original_seconds,
           max_by({'kept': moves <> '[]', 'moves': moves, 'share': roof_share, 'low': roof_share_low, 'high': roof_share_high, 'of': roof_seconds, 'gain': speedup_original}, run_id)
               FILTER (role = 'best') AS best,
           max_by({'moves': moves, 'share': roof_share, 'low': roof_share_low, 'high': roof_share_high, 'of': roof_seconds, 'gain': speedup_original}, (run_id, candidate))
               FILTER (outcome = 'accepted' AND role = 'proposal') AS accepted
    FROM iterations GROUP BY session
), ends AS (
    SELECT *, CASE WHEN best.kept AND best.share IS NOT NULL THEN struct_pack(share := best.share, low := best.low, high := best.high, of := best.of, gain := best.gain)
                WHEN best.kept OR best IS NULL THEN struct_pack(share := accepted.share, low := accepted.low, high := accepted.high, of := accepted.of, gain := accepted.gain) END AS reached,
           best.kept AND best.share IS NULL AND best.moves IS DISTINCT FROM accepted.moves AS another
    FROM known
)
-- where the roofs were measured again since, they are the later ones
SELECT session, program, roof_seconds,
       coalesce(reached.share / reached.of * roof_seconds / reached.gain, roof_seconds / nullif(original_seconds, 0)) AS before,
       CASE WHEN another IS NOT TRUE THEN coalesce(reached.share * roof_seconds / reached.of, roof_seconds / nullif(original_seconds, 0)) END AS after,
       CASE WHEN another IS NOT TRUE THEN reached.low * roof_seconds / reached.of END AS after_low,
       CASE WHEN another IS NOT TRUE THEN reached.high * roof_seconds / reached.of END AS after_high, roof
FROM ends WHERE roof IS NOT NULL ORDER BY session
