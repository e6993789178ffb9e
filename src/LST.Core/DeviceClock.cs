using System.Diagnostics;
using TorchSharp;

namespace LST.Core;

/// <summary>Measures work on a device: a GPU computes behind the calls that queue the work, so that reading the clock waits for it there.</summary>
public sealed class DeviceClock
{
    private readonly Stopwatch clock = new();
    private readonly bool waits;

    private DeviceClock(torch.Device device) => waits = device.type == DeviceType.CUDA;

    /// <summary>Time since the start, in which everything that was asked of the device is done.</summary>
    public TimeSpan Elapsed
    {
        get
        {
            if (waits) torch.cuda.synchronize();
            return clock.Elapsed;
        }
    }

    /// <summary>Starts when the device has finished what it was asked for before.</summary>
    /// <param name="device">Where the tensors are.</param>
    public static DeviceClock StartNew(torch.Device device)
    {
        var started = new DeviceClock(device);
        if (started.waits) torch.cuda.synchronize();
        started.clock.Start();
        return started;
    }
}
