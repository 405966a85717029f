using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using BestOfN.Core.Rewards;
using BestOfN.Gateway.Configuration;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Models;

/// <summary>The reward models that requests may name.</summary>
internal sealed class RewardModelCatalog : IAsyncDisposable
{
    private readonly FrozenDictionary<string, CatalogEntry<IRewardModel>> _models;

    public RewardModelCatalog(IOptions<BestOfNOptions> options, IEnumerable<IRewardModelSource> sources) =>
        _models = options.Value.RewardModels.ToFrozenDictionary(
            model => model.Key,
            model => new CatalogEntry<IRewardModel>(
                model.Key, () => sources.Last(source => source.Opens(model.Value)).Open(model.Key, model.Value)),
            StringComparer.Ordinal);

    public IEnumerable<CatalogEntry<IRewardModel>> Entries => _models.Values.OrderBy(entry => entry.Name, StringComparer.Ordinal);

    public bool TryGet(string name, [NotNullWhen(true)] out CatalogEntry<IRewardModel>? entry) => _models.TryGetValue(name, out entry);

    public async ValueTask DisposeAsync()
    {
        foreach (var entry in _models.Values)
        {
            await entry.DisposeAsync();
        }
    }
}
