namespace BestOfN.Training.Worlds;

/// <summary>Which signs between the numbers, in the order given, make the target? Exactly one choice does.</summary>
internal sealed class TargetProblem : Problem
{
    public override ProblemFamily Family => ProblemFamily.Target;

    public required IReadOnlyList<int> Numbers { get; init; }

    public required int Target { get; init; }

    internal override string Content => $"target {string.Join(' ', Numbers)} = {Target}";

    public static TargetProblem Draw(PocketTextWorldOptions options, SplitMix64 random)
    {
        while (true)
        {
            var numbers = new int[options.TargetNumbers];
            foreach (ref var number in numbers.AsSpan())
            {
                number = 1 + random.Below(options.TargetMaximum);
            }

            // One bit per gap, set for plus.
            var choices = 1 << (numbers.Length - 1);
            var signs = random.Below(choices);
            var running = Running(numbers, signs).ToList();
            var target = running[^1];
            if (running.Exists(v => v < 0 || v > options.TargetRunningMaximum)
                || Enumerable.Range(0, choices).Count(s => Running(numbers, s).Last() == target) != 1)
            {
                continue;
            }

            var list = string.Join(", ", numbers);
            return new()
            {
                Question = random.Below(3) switch
                {
                    0 => $"Put + or - between {list} to get {target}.",
                    1 => $"Make {target} from {list} with + and -, in this order.",
                    _ => $"Which signs between {list} give {target}?",
                },
                Solution = Answer(numbers, signs),
                Numbers = numbers,
                Target = target,
            };
        }
    }

    // The signs are all that an answer decides: what they make must be the target, and the steps must be written out exactly.
    private protected override bool Accepts(string answer)
    {
        var steps = answer.Split(", ");
        if (steps.Length != Numbers.Count - 1)
        {
            return false;
        }

        var signs = 0;
        for (var gap = 0; gap < steps.Length; gap++)
        {
            signs |= steps[gap].Contains(" + ", StringComparison.Ordinal) ? 1 << gap : 0;
        }

        return Running(Numbers, signs).Last() == Target && answer == Answer(Numbers, signs);
    }

    private static string Answer(IReadOnlyList<int> numbers, int signs)
    {
        var running = Running(numbers, signs).ToList();
        return string.Join(", ", Enumerable.Range(0, numbers.Count - 1)
            .Select(gap => $"{running[gap]} {(IsPlus(signs, gap) ? '+' : '-')} {numbers[gap + 1]} = {running[gap + 1]}"));
    }

    private static IEnumerable<int> Running(IReadOnlyList<int> numbers, int signs)
    {
        var value = numbers[0];
        yield return value;
        for (var gap = 0; gap < numbers.Count - 1; gap++)
        {
            value += IsPlus(signs, gap) ? numbers[gap + 1] : -numbers[gap + 1];
            yield return value;
        }
    }

    private static bool IsPlus(int signs, int gap) => (signs >> gap & 1) == 1;
}
