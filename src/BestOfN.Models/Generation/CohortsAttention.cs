using BestOfN.Models.Networks;
using static TorchSharp.torch;

namespace BestOfN.Models.Generation;

/// <summary>A decode step over several cohorts whose rows stand one behind the other.</summary>
internal sealed class CohortsAttention(IReadOnlyList<Cohort> cohorts) : IAttention
{
    public Tensor? Attend(int layer, Tensor? q, Tensor k, Tensor v)
    {
        if (cohorts.Count == 1)
        {
            return cohorts[0].Attend(layer, q!, k, v);
        }

        using var scope = NewDisposeScope();
        var parts = new Tensor[cohorts.Count];
        var start = 0;
        for (var i = 0; i < parts.Length; i++)
        {
            var rows = cohorts[i].Sequences.Count;
            parts[i] = cohorts[i].Attend(layer, q!.narrow(0, start, rows), k.narrow(0, start, rows), v.narrow(0, start, rows));
            start += rows;
        }

        return cat(parts, 0).MoveToOuterDisposeScope();
    }
}
