using System.Globalization;
using BestOfN.Data.Cleaning;

namespace BestOfN.Cli.Clean;

/// <summary>What <c>bestofn clean</c> leaves in its output folder beside the results: scores, the index, and marks of shards that are
/// done.</summary>
internal sealed class CleanFolder(string path, Shard shard)
{
    public string Scores => Path.Combine(path, $"scores{shard.Suffix}.jsonl");

    public string Index => Path.Combine(path, $"index{shard.Suffix}.bin");

    /// <summary>There when the shard is done; says for which corpus and reward model.</summary>
    public string Done => Path.Combine(path, "done", shard.Index.ToString("D5", CultureInfo.InvariantCulture));

    /// <summary>Files of scores in folders, and the index of a folder that has one for the corpus.</summary>
    /// <exception cref="InvalidDataException">A folder has no scores, or a shard is missing. The message names it.</exception>
    public static (IReadOnlyList<string> Scores, CorpusIndex? Index) Read(IReadOnlyList<string> paths, Corpus corpus)
    {
        var files = new List<string>();
        CorpusIndex? index = null;
        foreach (var path in paths)
        {
            if (!Directory.Exists(path))
            {
                files.Add(path);
                continue;
            }

            var shards = Shards(path);
            files.AddRange(shards.Select(shard => new CleanFolder(path, shard).Scores));
            CorpusIndex?[] indices = [.. shards.Select(shard => CorpusIndex.Load(new CleanFolder(path, shard).Index, corpus, shard))];
            index = indices.Contains(null) ? null : CorpusIndex.Join(indices!);
        }

        return (files, index);
    }

    private static Shard[] Shards(string path)
    {
        if (File.Exists(new CleanFolder(path, Shard.Whole).Scores))
        {
            return [Shard.Whole];
        }

        var counts = Directory.EnumerateFiles(path, "scores-*-of-*.jsonl")
            .Select(file => Path.GetFileNameWithoutExtension(file).Split("-of-")[^1]).Distinct()
            .Select(count => int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0).ToArray();
        if (counts is not [> 0 and var count])
        {
            throw new InvalidDataException(counts.Length == 0
                ? $"{path} has no scores: expected scores.jsonl or scores-00000-of-00004.jsonl"
                : $"{path} has scores of runs with different numbers of shards: {string.Join(", ", counts)}");
        }

        Shard[] shards = [.. Enumerable.Range(0, count).Select(i => new Shard(i, count))];
        var missing = shards.Where(shard => !File.Exists(new CleanFolder(path, shard).Done)).Select(shard => shard.Index).ToArray();
        return missing.Length == 0 ? shards
            : throw new InvalidDataException($"{path}: shards that are not done: {string.Join(", ", missing)} of 0 to {count - 1}");
    }
}
