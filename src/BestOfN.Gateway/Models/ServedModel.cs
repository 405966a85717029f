using BestOfN.Core.Generation;
using BestOfN.Gateway.Configuration;

namespace BestOfN.Gateway.Models;

/// <summary>A model that clients may name.</summary>
internal sealed record ServedModel(string Name, ModelOptions Options, bool ForwardsVerbatim, CatalogEntry<IGenerator> Generator);
