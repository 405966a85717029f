using BestOfN.Core.Rewards;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Models;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Rewards;

/// <summary>
/// Which reward model a request means. Clients send names that were never configured here: paths of other machines, parts of hub names,
/// nothing.
/// </summary>
internal sealed class RewardModelNames(RewardModelCatalog catalog, IOptions<BestOfNOptions> options)
{
    private readonly BestOfNOptions _options = options.Value;

    /// <summary>All reward models that are served.</summary>
    public IEnumerable<CatalogEntry<IRewardModel>> Entries => catalog.Entries;

    /// <summary>The reward model that is meant where none is named; null where several are configured and none is chosen.</summary>
    public string? Default => _options.RewardServer.Model
        ?? (_options.RewardModels.Count == 1 ? _options.RewardModels.Keys.Single() : null);

    /// <summary>Whether a name means a reward model exactly, and not just any.</summary>
    public bool IsConfigured(string? name) => name is not null && catalog.TryGet(name, out _);

    /// <summary>Whether any unknown name means the default reward model.</summary>
    public bool TakesAnyName => _options.RewardServer.AnyModelName ?? (_options.RewardModels.Count == 1);

    /// <summary>Finds the reward model.</summary>
    /// <exception cref="ApiException">There is none of this name, or none is named and it is not clear which is meant.</exception>
    public CatalogEntry<IRewardModel> Find(string? name)
    {
        if (!string.IsNullOrEmpty(name))
        {
            if (catalog.TryGet(name, out var named))
            {
                return named;
            }

            if (!TakesAnyName)
            {
                throw ApiException.RewardModelNotFound(name, _options.RewardModels.Keys.Order(StringComparer.Ordinal));
            }
        }

        return Default is { } byDefault && catalog.TryGet(byDefault, out var entry) ? entry
            : throw ApiException.Invalid($"'model' is required; it must be one of {string.Join(", ", _options.RewardModels.Keys)}.",
                "model");
    }
}
