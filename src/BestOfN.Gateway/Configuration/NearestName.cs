namespace BestOfN.Gateway.Configuration;

/// <summary>Guesses which known name a misspelt one was meant to be.</summary>
internal static class NearestName
{
    /// <returns>" Did you mean 'HealthCheck'?", or nothing where no known name is near.</returns>
    public static string Suggestion(string name, IEnumerable<string> known)
    {
        var nearest = known.Select(each => (Name: each, Distance: Distance(name.ToUpperInvariant(), each.ToUpperInvariant())))
            .Where(each => each.Distance <= Math.Max(1, Math.Min(name.Length, each.Name.Length) / 3))
            .OrderBy(each => each.Distance)
            .FirstOrDefault();
        return nearest.Name is null ? "" : $" Did you mean '{nearest.Name}'?";
    }

    /// <summary>Letters to insert, delete, change or swap with their neighbour (optimal string alignment).</summary>
    private static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    rows[i, j] = i + j;
                    continue;
                }

                rows[i, j] = Math.Min(
                    Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1,
                    rows[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
                }
            }
        }

        return rows[a.Length, b.Length];
    }
}
