//! What this machine has to run a model with: memory, processors, graphics processors.
//!
//! The rule: reading it blocks (it asks the system and a driver), so it is done on a thread for that ([`read`] is called by nobody else). What
//! cannot be read of the graphics processors is said to be unknown, and is no failure.

use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;
use sysinfo::{
    CpuRefreshKind, MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, RefreshKind,
    System,
};
use understudy_shared::{GpuSource, Host, HostGpu, HostMemory, HostProcessors};

/// Reads it.
///
/// # Errors
/// If the system does not say.
pub fn read() -> Result<Host, sysinfo::Error> {
    let (gpus, gpu_source) = match gpus() {
        Ok(gpus) => (gpus, GpuSource::Nvml),
        Err(
            NvmlError::LibloadingError(_) | NvmlError::LibraryNotFound | NvmlError::DriverNotLoaded,
        ) => (Vec::new(), GpuSource::NoDriver),
        Err(error) => {
            tracing::warn!(%error, "the driver of the graphics processors does not answer");
            (Vec::new(), GpuSource::Failed)
        }
    };
    let wanted = RefreshKind::nothing()
        .with_memory(MemoryRefreshKind::nothing().with_ram())
        .with_cpu(CpuRefreshKind::nothing());
    let mut system = System::new_with_specifics(wanted)?;
    Ok(Host {
        memory: memory(&mut system),
        processors: processors(&system),
        gpus,
        gpu_source,
    })
}

fn memory(system: &mut System) -> HostMemory {
    let (total, available) = (system.total_memory(), system.available_memory());
    let own = Pid::from_u32(std::process::id());
    system.refresh_processes_specifics(
        ProcessesToUpdate::Some(&[own]),
        false,
        ProcessRefreshKind::nothing(),
    );
    let limits = system
        .process(own)
        .and_then(|process| process.cgroup_limits());
    let limit = limits.map(|limits| limits.total_memory);
    HostMemory {
        total_bytes: total,
        available_bytes: available,
        limit_bytes: limit.filter(|limit| *limit < total),
    }
}

fn processors(system: &System) -> HostProcessors {
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let model = system
        .cpus()
        .first()
        .map(|cpu| cpu.brand().trim().to_owned());
    HostProcessors {
        count: u32::try_from(count).unwrap_or(u32::MAX),
        model: model.unwrap_or_default(),
    }
}

/// Those of NVIDIA, by the library of their driver, which is looked for now.
fn gpus() -> Result<Vec<HostGpu>, NvmlError> {
    let nvml = Nvml::init()?;
    let mut gpus = Vec::new();
    for index in 0..nvml.device_count()? {
        let gpu = nvml.device_by_index(index).and_then(|device| {
            let memory = device.memory_info()?;
            Ok(HostGpu {
                name: device.name()?,
                memory_total_bytes: memory.total,
                memory_free_bytes: memory.free,
            })
        });
        // One that has failed hides no other.
        match gpu {
            Ok(gpu) => gpus.push(gpu),
            Err(error) => tracing::debug!(index, %error, "a graphics processor says nothing"),
        }
    }
    Ok(gpus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_memory_and_processors() {
        let host = read().unwrap();
        let memory = host.memory;
        assert!(memory.total_bytes > 256 * 1024 * 1024, "{memory:?}");
        assert!(
            (1..=memory.total_bytes).contains(&memory.available_bytes),
            "{memory:?}"
        );
        assert!(
            memory
                .limit_bytes
                .is_none_or(|limit| limit < memory.total_bytes)
        );
        assert!(host.processors.count >= 1);
        // Without a driver there are none, and that is known.
        assert!(host.gpu_source == GpuSource::Nvml || host.gpus.is_empty());
    }
}
