using BestOfN.Gateway.Errors;

namespace BestOfN.Gateway.Models;

/// <summary>Something that takes time to open and is then there until the gateway stops.</summary>
internal sealed class CatalogEntry<T>(string name, Func<T> open) : IAsyncDisposable
    where T : class
{
    private readonly Lazy<Task<T>> _value = new(() => Task.Run(open));

    public string Name => name;

    public bool IsReady => _value is { IsValueCreated: true, Value.IsCompletedSuccessfully: true };

    /// <summary>Null while it is being opened, and where it could not be.</summary>
    public T? Opened => IsReady ? _value.Value.Result : null;

    public Exception? Failure => _value.IsValueCreated ? _value.Value.Exception?.GetBaseException() : null;

    /// <summary>Begins to open it if that has not happened yet.</summary>
    public Task<T> OpenAsync() => _value.Value;

    /// <summary>Waits while it is being opened.</summary>
    /// <exception cref="ApiException">It could not be opened.</exception>
    public async Task<T> GetAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await OpenAsync().WaitAsync(cancellationToken);
        }
        catch (Exception) when (Failure is not null)
        {
            throw ApiException.NotReady(name); // why is logged by the part that opens all models
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (IsReady)
        {
            switch (await OpenAsync())
            {
                case IAsyncDisposable disposable:
                    await disposable.DisposeAsync();
                    break;
                case IDisposable disposable:
                    disposable.Dispose();
                    break;
            }
        }
    }
}
