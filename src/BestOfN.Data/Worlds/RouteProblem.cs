using BestOfN.Data.Sampling;

namespace BestOfN.Data.Worlds;

/// <summary>How to drive from one place to another along one-way streets? Any way that visits no place twice will do.</summary>
internal sealed class RouteProblem : Problem
{
    private const int ShortestRoute = 3;

    public override ProblemFamily Family => ProblemFamily.Route;

    /// <summary>One-way streets, each once.</summary>
    public required IReadOnlyList<(char From, char To)> Streets { get; init; }

    public required char Start { get; init; }

    public required char Goal { get; init; }

    internal override string Content =>
        $"route {Start}{Goal} {string.Join(' ', Streets.Select(s => $"{s.From}{s.To}").Order(StringComparer.Ordinal))}";

    public static RouteProblem Draw(PocketTextWorldOptions options, SplitMix64 random)
    {
        while (true)
        {
            var places = "ABCDEFGHIJ"[..options.RoutePlaces].ToCharArray();
            var streets = new (char From, char To)[options.RouteStreets];
            for (var i = 0; i < streets.Length;)
            {
                var street = (From: places[random.Below(places.Length)], To: places[random.Below(places.Length)]);
                if (street.From != street.To && !streets.AsSpan(0, i).Contains(street))
                {
                    streets[i++] = street;
                }
            }

            random.Shuffle<char>(places);
            var (start, goal) = (places[0], places[1]);
            if (Shortest(streets, start, goal) is not { } route || route.Length <= ShortestRoute)
            {
                continue;
            }

            var list = string.Join(' ', streets.Select(s => $"{s.From}{s.To}"));
            return new()
            {
                Question = random.Below(3) switch
                {
                    0 => $"One-way streets {list}. How do I get from {start} to {goal}?",
                    1 => $"Find a way from {start} to {goal} along the one-way streets {list}.",
                    _ => $"Given one-way streets {list}, drive from {start} to {goal}.",
                },
                Solution = route,
                Streets = streets,
                Start = start,
                Goal = goal,
            };
        }
    }

    // Wrong from the first place that no street leads to.
    private protected override int? FlawAt(string answer)
    {
        if (answer.Length == 0 || answer[0] != Start)
        {
            return 0;
        }

        for (var i = 1; i < answer.Length; i++)
        {
            if (answer.IndexOf(answer[i]) < i || !Streets.Contains((answer[i - 1], answer[i])))
            {
                return i;
            }
        }

        return answer[^1] == Goal ? null : answer.Length;
    }

    internal override string Guess(SplitMix64 random)
    {
        var route = $"{Start}";
        var length = ShortestRoute + random.Below(2);
        while (route.Length < length)
        {
            var next = Streets.Where(s => s.From == route[^1] && !route.Contains(s.To, StringComparison.Ordinal))
                .Select(s => s.To).ToArray();
            if (next.Length == 0 || next.Contains(Goal))
            {
                break;
            }

            route += random.Below(3) == 0 && Streets[random.Below(Streets.Count)].To is var anywhere
                && !route.Contains(anywhere, StringComparison.Ordinal)
                ? anywhere : next[random.Below(next.Length)];
        }

        return route.Contains(Goal, StringComparison.Ordinal) ? route : route + Goal;
    }

    private static string? Shortest(IReadOnlyList<(char From, char To)> streets, char start, char goal)
    {
        var open = new Queue<string>([$"{start}"]);
        var seen = new HashSet<char> { start };
        while (open.TryDequeue(out var route))
        {
            if (route[^1] == goal)
            {
                return route;
            }

            foreach (var (from, to) in streets)
            {
                if (from == route[^1] && seen.Add(to))
                {
                    open.Enqueue(route + to);
                }
            }
        }

        return null;
    }
}
