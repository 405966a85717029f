using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace BestOfN.Core.Selection;

/// <summary>All strategies, by name.</summary>
public sealed class SelectionStrategies
{
    public const string Reward = "reward";
    public const string WeightedVote = "weighted_vote";
    public const string MajorityVote = "majority_vote";
    public const string First = "first";

    /// <summary>The strategy where neither request nor configuration names one.</summary>
    public const string Default = WeightedVote;

    private readonly FrozenDictionary<string, ISelectionStrategy> _byName;

    public SelectionStrategies(IEnumerable<ISelectionStrategy> strategies) =>
        _byName = strategies.ToFrozenDictionary(strategy => strategy.Name, StringComparer.Ordinal);

    /// <summary>The strategies that the product brings.</summary>
    public static IReadOnlyList<ISelectionStrategy> BuiltIn { get; } =
        [new RewardStrategy(), new WeightedVoteStrategy(), new MajorityVoteStrategy(), new FirstStrategy()];

    public IEnumerable<string> Names => _byName.Keys.Order(StringComparer.Ordinal);

    public ISelectionStrategy this[string name] => _byName[name];

    public bool TryGet(string name, [NotNullWhen(true)] out ISelectionStrategy? strategy) => _byName.TryGetValue(name, out strategy);
}
